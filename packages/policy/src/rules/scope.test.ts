/** What documents add to the selectors of their rules. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { formatSelector } from '../labels/selector.ts';
import { parsePolicies } from './parse.ts';
import type { Rule } from './rule.ts';

const OWN = 'k8s:io.kubernetes.pod.namespace=shop';

function parse(kind: string, spec: unknown): Rule {
  const metadata = { name: 'p', ...(kind !== 'CiliumClusterwideNetworkPolicy' && { namespace: 'shop' }) };
  const apiVersion = kind === 'NetworkPolicy' ? 'networking.k8s.io/v1' : 'cilium.io/v2';
  const [rule] = parsePolicies(JSON.stringify({ apiVersion, kind, metadata, spec })).rules;
  assert.ok(rule);
  return rule;
}

/** The selectors of the first element's peers. */
const peers = ({ ingress, egress }: Rule): (string | undefined)[] | undefined =>
  [...(ingress?.elements ?? []), ...(egress?.elements ?? [])]
    .at(0)
    ?.peers?.map((peer) => (peer.kind === 'endpoints' ? formatSelector(peer.selector) : peer.kind));

/** What becomes of a peer's selector, for a subject. */
const peerOf = (
  kind: string,
  matchLabels: Record<string, string>,
  subject: unknown = {},
): string | undefined =>
  peers(parse(kind, { endpointSelector: subject, ingress: [{ fromEndpoints: [{ matchLabels }] }] }))?.[0];

const subjectOf = (kind: string, matchLabels: Record<string, string>): string =>
  formatSelector(parse(kind, { endpointSelector: { matchLabels }, ingress: [{}] }).subject.selector);

suite('CiliumNetworkPolicy', () => {
  const kind = 'CiliumNetworkPolicy';

  test('its subject is in its namespace, whatever its selector says', () => {
    assert.equal(subjectOf(kind, {}), OWN);
    assert.equal(subjectOf(kind, { app: 'web' }), `app=web, ${OWN}`);
    assert.equal(subjectOf(kind, { 'k8s:io.kubernetes.pod.namespace': 'other' }), OWN);
  });

  test('its peers are in its namespace unless they say another one', () => {
    assert.equal(peerOf(kind, {}), OWN);
    assert.equal(peerOf(kind, { app: 'web' }), `app=web, ${OWN}`);
    for (const key of ['k8s:io.kubernetes.pod.namespace', 'io.kubernetes.pod.namespace']) {
      assert.equal(peerOf(kind, { [key]: 'other' }), `${key}=other`);
    }
    const byLabel = 'k8s:io.cilium.k8s.namespace.labels.team';
    assert.equal(peerOf(kind, { [byLabel]: 'a' }), `${byLabel}=a`);
  });

  test('reserved labels have no namespace, but requirements do', () => {
    assert.equal(peerOf(kind, { 'reserved:host': '' }), 'reserved:host');
    const rule = parse(kind, {
      endpointSelector: {},
      ingress: [{ fromRequires: [{ matchLabels: { 'reserved:host': '' } }] }],
    });
    assert.deepEqual(rule.ingress?.elements[0]?.requires?.map(formatSelector), [`reserved:host, ${OWN}`]);
  });

  test('a service by name is one of its namespace', () => {
    const rule = parse(kind, {
      endpointSelector: {},
      egress: [{ toServices: [{ k8sService: { serviceName: 'db' } }] }],
    });
    assert.deepEqual(rule.egress?.elements[0]?.peers, [
      { kind: 'service', service: { name: 'db', namespace: 'shop' } },
    ]);
  });
});

suite('CiliumClusterwideNetworkPolicy', () => {
  const kind = 'CiliumClusterwideNetworkPolicy';

  test('its subject is what its selector says', () => {
    assert.equal(subjectOf(kind, {}), '*');
    assert.equal(subjectOf(kind, { 'reserved:health': '' }), 'reserved:health');
  });

  test('its peers are endpoints of any namespace', () => {
    assert.equal(peerOf(kind, {}), 'k8s:io.kubernetes.pod.namespace');
    assert.equal(peerOf(kind, { app: 'web' }), 'app=web, k8s:io.kubernetes.pod.namespace');
    assert.equal(peerOf(kind, { 'reserved:host': '' }), 'reserved:host');
    assert.equal(
      peerOf(kind, { 'k8s:io.kubernetes.pod.namespace': 'a' }),
      'k8s:io.kubernetes.pod.namespace=a',
    );
  });

  test('endpoints without labels may have peers without a namespace', () => {
    assert.equal(peerOf(kind, {}, { matchLabels: { 'reserved:init': '' } }), '*');
  });

  test('a listener is one of the cluster', () => {
    const listener = { envoyConfig: { name: 'c' }, name: 'l' };
    const rule = parse(kind, { endpointSelector: {}, egress: [{ toPorts: [{ listener }] }] });
    assert.equal(rule.egress?.elements[0]?.ports?.[0]?.l7?.listener?.kind, 'CiliumClusterwideEnvoyConfig');
  });
});

suite('NetworkPolicy', () => {
  const kind = 'NetworkPolicy';
  const ingressOf = (entry: unknown): Rule => parse(kind, { podSelector: {}, ingress: [entry] });

  test('its subject is in its namespace, and its labels are those of Kubernetes', () => {
    const rule = parse(kind, { podSelector: { matchLabels: { app: 'web' } } });
    assert.equal(formatSelector(rule.subject.selector), `k8s:app=web, ${OWN}`);
    assert.equal(rule.origin.kind, 'NetworkPolicy');
    assert.equal(rule.labels[0]?.value, 'NetworkPolicy');
  });

  test('peers by pods, by namespaces, by both', () => {
    const podSelector = { matchLabels: { app: 'web' } };
    assert.deepEqual(peers(ingressOf({ from: [{ podSelector }] })), [`k8s:app=web, ${OWN}`]);
    assert.deepEqual(peers(ingressOf({ from: [{ namespaceSelector: {} }] })), [
      'k8s:io.kubernetes.pod.namespace',
    ]);
    const namespaceSelector = {
      matchLabels: { team: 'a' },
      matchExpressions: [{ key: 'x/y', operator: 'Exists' }],
    };
    assert.deepEqual(peers(ingressOf({ from: [{ podSelector, namespaceSelector }] })), [
      'k8s:app=web, k8s:io.cilium.k8s.namespace.labels.team=a, k8s:io.cilium.k8s.namespace.labels.x/y',
    ]);
  });

  test('no peers are everybody, whether absent or empty', () => {
    for (const entry of [{}, { from: [] }, { from: null, ports: [] }]) {
      assert.deepEqual(peers(ingressOf(entry)), ['*']);
    }
  });

  test('blocks of addresses', () => {
    const { egress } = parse(kind, {
      podSelector: {},
      egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }, { podSelector: {} }] }],
    });
    assert.deepEqual(egress?.elements[0]?.peers?.[0], {
      kind: 'cidr',
      cidr: '10.0.0.0/8',
      except: ['10.1.0.0/16'],
    });
    assert.equal(egress?.elements[0]?.peers?.length, 2);
  });

  test('ports: TCP unless said, all unless said, ranges and names', () => {
    const ports = [
      {},
      { port: 80 },
      { port: 'HTTP', protocol: 'UDP' },
      { port: 100, endPort: 200, protocol: 'SCTP' },
    ];
    const { ingress } = ingressOf({ ports });
    assert.deepEqual(
      ingress?.elements[0]?.ports?.map(({ ports: each }) => each),
      [
        [{ kind: 'range', protocol: 'TCP', first: 0, last: 65535 }],
        [{ kind: 'range', protocol: 'TCP', first: 80, last: 80 }],
        [{ kind: 'named', protocol: 'UDP', name: 'http' }],
        [{ kind: 'range', protocol: 'SCTP', first: 100, last: 200 }],
      ],
    );
  });

  test('what a policy is about: its types, and the directions it has rules for', () => {
    const cases: [unknown, boolean, boolean][] = [
      [{}, true, false],
      [{ policyTypes: ['Ingress'] }, true, false],
      [{ policyTypes: ['Egress'] }, false, true],
      [{ policyTypes: ['Ingress', 'Egress'] }, true, true],
      [{ egress: [{}] }, true, true],
      [{ policyTypes: ['Egress'], egress: [] }, false, true],
    ];
    for (const [fields, ingress, egress] of cases) {
      const rule = parse(kind, { podSelector: {}, ...Object(fields) });
      assert.deepEqual(
        [rule.ingress?.defaultDeny ?? false, rule.egress?.defaultDeny ?? false],
        [ingress, egress],
      );
    }
  });
});
