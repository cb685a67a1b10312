import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PolicyFileError } from '../documents/policy-file-error.ts';
import { formatLabel } from '../labels/label.ts';
import { parseEndpoints } from './endpoint-file.ts';

test('endpoints have labels as texts or as a map, addresses, named ports, an identity', () => {
  const text = `endpoints:
  - name: web
    namespace: shop
    labels: [app=web, "container:image=nginx", canary]
    addresses: [10.0.0.1, "2001:DB8::1"]
    namedPorts:
      - {name: HTTP, port: 8080}
      - {name: dns, protocol: UDP, port: 53}
    identity: 1234
  - labels:
      app: client
      reserved:init:
`;
  const [web, client] = parseEndpoints(text, { file: 'shop.yaml' });
  assert.deepEqual(web?.labels.map(formatLabel), [
    'container:image=nginx',
    'k8s:app=web',
    'k8s:canary',
    'k8s:io.kubernetes.pod.namespace=shop',
  ]);
  assert.deepEqual(web?.addresses, ['10.0.0.1', '2001:db8::1']);
  assert.deepEqual(web?.namedPorts, [
    { name: 'http', protocol: 'TCP', port: 8080 },
    { name: 'dns', protocol: 'UDP', port: 53 },
  ]);
  assert.equal(web?.identity, 1234);
  assert.deepEqual(web?.place, { file: 'shop.yaml', line: 2, path: 'endpoints[0]' });
  assert.equal(client?.name, 'endpoint-2');
  assert.deepEqual(client?.labels.map(formatLabel), ['k8s:app=client', 'reserved:init']);
});

test('a list alone, also in JSON, is a file of endpoints', () => {
  const [world] = parseEndpoints('[{"name": "world", "labels": ["reserved:world"]}]');
  assert.equal(world?.name, 'world');
  assert.equal(world?.namespace, undefined);
  assert.deepEqual(parseEndpoints('[]'), []);
});

test('everything that is wrong is said, with its place', () => {
  const text = `- name: a
  labels: [=x]
- name: a
  labels: {"k8s:": x, n: 1}
  addresses: [10.0.0.0/8, 10.1]
  namedPorts: [{name: a--b, port: 1}, {name: web, port: 0, protocol: TPC}]
  identity: 0
- adresses: []
`;
  assert.throws(
    () => parseEndpoints(text, { file: 'x.yaml' }),
    (error) => {
      assert.ok(error instanceof PolicyFileError);
      assert.deepEqual(
        error.problems.map(({ place }) => `${place.line} ${place.path}`),
        [
          '2 [0].labels[0]',
          '3 [1]',
          '4 [1].labels["k8s:"]',
          '4 [1].labels.n',
          '5 [1].addresses[0]',
          '5 [1].addresses[1]',
          '6 [1].namedPorts[0].name',
          '6 [1].namedPorts[1].port',
          '6 [1].namedPorts[1].protocol',
          '7 [1].identity',
          '8 [2].adresses',
          '8 [2]',
        ],
      );
      assert.match(error.message, /^x\.yaml:2: \[0\]\.labels\[0\]: A label needs a key\. Allowed: .*$/m);
      return true;
    },
  );
});
