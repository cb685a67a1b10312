/** Whatever the text, it is taken or refused with places: nothing crashes, nothing hangs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PolicyFileError } from '../documents/policy-file-error.ts';
import { parseEndpoints } from '../identity/endpoint-file.ts';
import { parsePolicies } from './parse.ts';

/** Takes the text or refuses it, soon. */
function survive(text: string): void {
  const started = performance.now();
  for (const parse of [parsePolicies, parseEndpoints]) {
    try {
      parse(text, { file: 'x' });
    } catch (error) {
      assert.ok(error instanceof PolicyFileError, `${error instanceof Error ? error.stack : error}\n${text}`);
      assert.ok(error.problems.length > 0);
      const lines = text.split('\n').length;
      for (const { place } of error.problems) {
        assert.ok(
          place.line !== undefined && place.line >= 1 && place.line <= lines,
          `${place.line} of ${lines}`,
        );
      }
    }
  }
  const took = performance.now() - started;
  assert.ok(took < 5000, `${took} ms for ${text.slice(0, 200)}`);
}

const POLICY = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: web
spec:
  endpointSelector:
    matchLabels: {app: web}
    matchExpressions:
      - {key: tier, operator: In, values: [front]}
  ingress:
    - fromEndpoints:
        - matchLabels:
            k8s:app: client
      toPorts:
        - ports:
            - port: "80"
              endPort: 90
              protocol: TCP
          rules:
            http:
              - path: /api/[a-z]*
  egress:
    - toCIDRSet:
        - cidr: 10.0.0.0/8
          except: [10.1.0.0/16]
    - toFQDNs:
        - matchPattern: "*.example.com"
  egressDeny:
    - icmps:
        - fields: [{type: EchoRequest}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db}
spec:
  podSelector: {}
  ingress:
    - from:
        - ipBlock: {cidr: 10.0.0.0/8}
      ports: [{port: 80}]
`;
const RULES = `[{"endpointSelector": {"matchLabels": {"k8s:app": "web"}},
  "ingress": [{"fromEntities": ["world"], "toPorts": [{"ports": [{"port": "53", "protocol": "ANY"}]}]}],
  "egress": [{"toServices": [{"k8sService": {"serviceName": "db"}}]}],
  "labels": ["a=b", {"key": "c"}]}]`;

test('random texts', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), survive), { numRuns: 150 });
});

test('random JSON', () => {
  const names = fc.constantFrom(
    'endpointSelector',
    'ingress',
    'egressDeny',
    'toPorts',
    'ports',
    'port',
    'matchLabels',
    'kind',
    'spec',
    'items',
    'metadata',
    'labels',
    '__proto__',
    'constructor',
  );
  const value = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 6 },
      fc.constantFrom('', '80', 'List', 'CiliumNetworkPolicy', null, true, 0, -1, Number.MAX_VALUE, 2 ** 53),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(names, tie('value'), { maxKeys: 4 }),
    ),
  })).value;
  fc.assert(
    fc.property(value, (data) => survive(JSON.stringify(data))),
    { numRuns: 500 },
  );
});

for (const [name, text] of [
  ['policies', POLICY],
  ['rules', RULES],
] as const) {
  test(`${name} with random mutations`, () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '',
        '\t',
        '\n',
        '\r',
        '  ',
        '---\n',
        '...\n',
        '%',
        ': ',
        '- ',
        '? ',
        '#',
        '"',
        "'",
        '{',
        '}',
        '[',
        ']',
        ',',
        '|',
        '>',
        '&a',
        '*a',
        '!!x',
        '\\',
        '\0',
        '\ufeff',
        '99999999999999999999',
        '1e999',
        '-1',
        'null',
        '<<: *a',
      ),
      fc.string({ maxLength: 3 }),
    );
    const edits = fc.array(fc.tuple(fc.nat(text.length), fc.nat(10), piece), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(edits, (all) => {
        survive(
          all.reduce<string>(
            (old, [at, removed, added]) => old.slice(0, at) + added + old.slice(at + removed),
            text,
          ),
        );
      }),
      { numRuns: 100 },
    );
  });
}

test('texts that are made to take long', () => {
  const count = 4000;
  for (const opening of ['[', '{"a":', '[{', '- ', '? ', '[a: ', '&a ', '!a ', 'a: ', '"', '!', "a: '"]) {
    survive(opening.repeat(count));
  }
  survive(Array.from({ length: 300 }, (_, i) => `${' '.repeat(i)}a:\n`).join(''));
  survive(`endpointSelector: {}\n${Array.from({ length: count }, (_, i) => `k${i}: 1\n`).join('')}`);
  survive(`{${Array.from({ length: count }, () => '"a": 1').join(',')}}`);
  survive(`a: "${'\\'.repeat(count)}`);
  survive(`["${'\\'.repeat(count)}`);
  survive(`${'a'.repeat(count)}: ${':'.repeat(count)}`);
  survive(`ingress: [${'{}, '.repeat(count)}]`);
  survive(`endpointSelector: {}\ningress:\n${'  - {}\n'.repeat(count)}`);
  survive(
    `endpointSelector: {}\ningress: [{toPorts: [{ports: [{port: "1", protocol: TCP}], rules: {http: [{path: "${'(a*'.repeat(3000)}"}]}}]}]`,
  );
  survive(`${'k8s:'.repeat(5000)}: 1`);
  survive('---\n'.repeat(count));
});
