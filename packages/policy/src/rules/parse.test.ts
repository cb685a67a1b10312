/** Documents of every kind become rules, under their names, with their places. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatLabel } from '../labels/label.ts';
import { formatSelector } from '../labels/selector.ts';
import { parsePolicies } from './parse.ts';
import type { Rule } from './rule.ts';

const policy = (kind: string, spec: string): string => `apiVersion: cilium.io/v2
kind: ${kind}
metadata:
  name: web
spec:
${spec}`;

const one = (text: string, options = {}): Rule => {
  const { rules } = parsePolicies(text, options);
  assert.equal(rules.length, 1);
  const [rule] = rules;
  assert.ok(rule);
  return rule;
};

test('a CiliumNetworkPolicy is about its own namespace', () => {
  const rule = one(
    `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: web
  namespace: shop
  uid: 1234
spec:
  description: who may ask the web server
  endpointSelector:
    matchLabels:
      app: web
  ingress:
    - fromEndpoints:
        - matchLabels:
            app: client
      toPorts:
        - ports:
            - port: "80"
              protocol: TCP
`.replace('1234', '"1234"'),
    { file: 'web.yaml' },
  );
  assert.deepEqual(rule, {
    subject: {
      kind: 'endpoints',
      selector: {
        requirements: [
          { source: 'any', key: 'app', operator: 'in', values: ['web'] },
          { source: 'k8s', key: 'io.kubernetes.pod.namespace', operator: 'in', values: ['shop'] },
        ],
      },
    },
    ingress: {
      elements: [
        {
          action: 'allow',
          peers: [
            {
              kind: 'endpoints',
              selector: {
                requirements: [
                  { source: 'any', key: 'app', operator: 'in', values: ['client'] },
                  { source: 'k8s', key: 'io.kubernetes.pod.namespace', operator: 'in', values: ['shop'] },
                ],
              },
            },
          ],
          ports: [
            {
              ports: [{ kind: 'range', protocol: 'TCP', first: 80, last: 80 }],
              place: { file: 'web.yaml', line: 17, path: 'spec.ingress[0].toPorts[0]' },
            },
          ],
          place: { file: 'web.yaml', line: 13, path: 'spec.ingress[0]' },
        },
      ],
      defaultDeny: true,
    },
    labels: [
      { source: 'k8s', key: 'io.cilium.k8s.policy.derived-from', value: 'CiliumNetworkPolicy' },
      { source: 'k8s', key: 'io.cilium.k8s.policy.name', value: 'web' },
      { source: 'k8s', key: 'io.cilium.k8s.policy.namespace', value: 'shop' },
      { source: 'k8s', key: 'io.cilium.k8s.policy.uid', value: '1234' },
    ],
    description: 'who may ask the web server',
    audit: false,
    origin: {
      kind: 'CiliumNetworkPolicy',
      name: 'web',
      namespace: 'shop',
      uid: '1234',
      file: 'web.yaml',
      line: 8,
      path: 'spec',
    },
  });
});

test('a document without a namespace gets the one that was asked for, or default', () => {
  const text = policy('CiliumNetworkPolicy', '  endpointSelector: {}\n  ingress: [{}]');
  assert.equal(one(text).origin.namespace, 'default');
  assert.equal(one(text, { namespace: 'shop' }).origin.namespace, 'shop');
});

test('specs are as many rules, after spec', () => {
  const text = `${policy('CiliumClusterwideNetworkPolicy', '  endpointSelector: {}\n  ingress: [{}]')}
specs:
  - nodeSelector: {}
    egress: [{}]
  - endpointSelector: {}
    egressDeny: [{}]
`;
  const { rules } = parsePolicies(`description: all of it\n${text}`);
  assert.ok(rules.every(({ description }) => description === 'all of it'));
  assert.deepEqual(
    rules.map(({ origin, subject }) => [origin.path, subject.kind]),
    [
      ['spec', 'endpoints'],
      ['specs[0]', 'nodes'],
      ['specs[1]', 'endpoints'],
    ],
  );
});

test('lists and documents of several kinds come in one text', () => {
  const item = `apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: a}, spec: {endpointSelector: {}, ingress: [{}]}`;
  const text = `# Two lists, a comment, an empty document.
---
apiVersion: v1
kind: List
items:
  - {${item}}
---
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicyList
metadata: {resourceVersion: "12"}
items:
  - {${item}}
  - {${item}}
---
apiVersion: cilium.io/v2alpha1
kind: CiliumCIDRGroup
metadata: {name: partners, labels: {team: sales}}
spec:
  externalCIDRs: [10.1.2.3, 2001:DB8::/32]
`;
  const { rules, cidrGroups } = parsePolicies(text, { file: 'all.yaml' });
  assert.deepEqual(
    rules.map(({ origin }) => [origin.line, origin.path]),
    [
      [6, 'items[0].spec'],
      [13, 'items[0].spec'],
      [14, 'items[1].spec'],
    ],
  );
  assert.deepEqual(cidrGroups, [
    {
      name: 'partners',
      labels: [{ source: 'cidrgroup', key: 'team', value: 'sales' }],
      cidrs: ['10.1.2.3/32', '2001:db8::/32'],
      place: { file: 'all.yaml', line: 16, path: '' },
    },
  ]);
});

test('bare rules, one or an array, JSON or YAML, keep their labels and ask for audit themselves', () => {
  const rule = one(
    JSON.stringify([
      {
        endpointSelector: { matchLabels: { 'k8s:app': 'web' } },
        ingress: [],
        egress: [{ toEntities: ['world'] }],
        labels: ['unspec:name=web', 'owner', { key: 'team', value: 'shop', source: 'k8s' }, { key: 'x' }],
        log: { value: 'by the shop' },
        audit: true,
      },
    ]),
  );
  assert.equal(rule.ingress, undefined);
  assert.equal(rule.egress?.defaultDeny, true);
  assert.deepEqual(rule.labels.map(formatLabel), ['any:owner', 'any:x', 'k8s:team=shop', 'unspec:name=web']);
  assert.equal(formatSelector(rule.subject.selector), 'k8s:app=web');
  assert.equal(rule.log, 'by the shop');
  assert.equal(rule.audit, true);
  assert.deepEqual(rule.origin, { kind: 'Rule', line: 1, path: '[0]' });
  assert.equal(one('endpointSelector: {}\nnodeSelector: null\negress: [{}]').origin.path, '');
});

test('what an API server adds is accepted and not looked at', () => {
  const rule = one(`apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: "{}"
    policy.waggle.io/audit: "true"
  creationTimestamp: "2024-01-01T00:00:00Z"
  generation: 3
  labels: {app: web}
  managedFields: [{manager: kubectl, anything: [at, all]}]
  name: web
  namespace: shop
  resourceVersion: "1"
  uid: abc
  ownerReferences: []
  finalizers: []
spec:
  endpointSelector: {}
  ingress: [{}]
status:
  conditions: [{type: Valid, status: "True"}]
`);
  assert.equal(rule.audit, true);
  assert.equal(rule.origin.uid, 'abc');
});

test('a text without documents has no rules', () => {
  for (const text of ['', '\n', '# nothing\n', '---\n---\n', 'null\n']) {
    assert.deepEqual(parsePolicies(text), { rules: [], cidrGroups: [], documents: [] });
  }
});

test('documents say what stands in them, also as values', () => {
  const { documents, rules } = parsePolicies(
    `
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: web, namespace: shop }
specs:
  - { endpointSelector: {}, ingress: [{}] }
  - { endpointSelector: {}, egress: [{}] }
---
apiVersion: cilium.io/v2
kind: CiliumCIDRGroup
metadata: { name: offices }
spec: { externalCIDRs: [10.0.0.0/8] }
---
- { endpointSelector: { matchLabels: { app: db } }, ingress: [{}] }
`,
    { values: true },
  );
  assert.deepEqual(
    documents.map(({ kind, name, namespace, place, rules, cidrGroup }) => [
      kind,
      name,
      namespace,
      place.line,
      rules.length,
      cidrGroup?.cidrs.length,
    ]),
    [
      ['CiliumNetworkPolicy', 'web', 'shop', 2, 2, undefined],
      ['CiliumCIDRGroup', 'offices', undefined, 9, 0, 1],
      ['Rule', undefined, undefined, 14, 1, undefined],
    ],
  );
  assert.deepEqual(documents[2]?.value, {
    endpointSelector: { matchLabels: { app: 'db' } },
    ingress: [{}],
  });
  assert.equal(documents[0]?.rules[0], rules[0], 'the very same rules');
});
