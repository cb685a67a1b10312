/** Whom peers mean, where named ports come from, and what modes and options change: policies as users write them. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parsePolicies } from '../rules/parse.ts';
import {
  assertOutcomes,
  mapOf,
  type Name,
  type Outcome,
  type Packet,
  type Scenario,
} from '../testing/scenario.ts';

const WEB = 'endpointSelector: {matchLabels: {app: web}}';

/** A scenario with bare rules about web. */
const ofWeb = (...texts: string[]): Scenario =>
  parsePolicies(texts.map((text) => `${WEB}\n${text}`).join('\n---\n'));

/** Egress to a port of each of these is allowed, to all others it is not. */
function assertPeers(scenario: Scenario, allowed: readonly Name[]): void {
  const outcomes: Partial<Record<Packet, Outcome>> = {};
  for (const name of PEERS)
    outcomes[`egress ${name} TCP/1`] = allowed.includes(name) ? 'allow' : 'default-deny';
  assertOutcomes(scenario, outcomes);
}

const PEERS: readonly Name[] = [
  'foo',
  'bar',
  'away',
  'host',
  'world',
  'health',
  'init',
  'node',
  'apiserver',
  'worldIpv4',
  'worldIpv6',
  'ten',
  'tenOne',
  'fd00',
  'example',
  'anyExample',
];

suite('Entities', () => {
  const entities: Readonly<Record<string, readonly Name[]>> = {
    all: PEERS,
    none: [],
    host: ['host'],
    'remote-node': ['node', 'apiserver'],
    'kube-apiserver': ['apiserver'],
    health: ['health'],
    init: ['init'],
    world: ['world', 'worldIpv4', 'worldIpv6', 'ten', 'tenOne', 'fd00', 'example', 'anyExample'],
    'world-ipv4': ['worldIpv4', 'ten', 'tenOne'],
    'world-ipv6': ['worldIpv6', 'fd00'],
  };
  for (const [entity, names] of Object.entries(entities)) {
    test(`${entity}: ${names.join(', ') || 'nobody'}`, () => {
      assertPeers(ofWeb(`egress: [{toEntities: [${entity}]}]`), names);
    });
  }
  test('cluster: whoever is not outside of it, nor of another cluster', () => {
    assertPeers(ofWeb('egress: [{toEntities: [cluster]}]'), [
      'foo',
      'bar',
      'host',
      'health',
      'init',
      'node',
      'apiserver',
    ]);
  });
});

suite('CIDRs', () => {
  const cases: [text: string, names: readonly Name[]][] = [
    ['toCIDR: [10.0.0.0/8]', ['ten', 'tenOne']],
    ['toCIDR: [10.1.0.0/16]', ['tenOne']],
    ['toCIDR: [10.1.2.0/24]', []],
    ['toCIDR: [0.0.0.0/0]', ['world', 'worldIpv4', 'ten', 'tenOne']],
    ['toCIDR: ["::/0"]', ['world', 'worldIpv6', 'fd00']],
    ['toCIDRSet: [{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}]', ['ten']],
    ['toCIDRSet: [{cidr: 10.0.0.0/8, except: [10.0.0.0/12]}]', ['ten']],
    ['toCIDRSet: [{cidr: 10.0.0.0/8, except: [10.1.2.0/24]}]', ['ten', 'tenOne']],
  ];
  for (const [text, names] of cases) {
    test(`${text}: ${names.join(', ') || 'nobody'}`, () => {
      assertPeers(ofWeb(`egress: [{${text}}]`), names);
    });
  }
  const group = { name: 'offices', labels: [], cidrs: ['10.1.0.0/16', 'fd00::/8'], place: { path: '' } };
  test('a group of CIDRs, by its name', () => {
    const scenario = ofWeb('egress: [{toCIDRSet: [{cidrGroupRef: offices}]}]');
    assertPeers({ ...scenario, cidrGroups: [group] }, ['tenOne', 'fd00']);
    assertPeers(scenario, []);
  });
});

suite('Endpoints by labels', () => {
  const cases: [text: string, names: readonly Name[]][] = [
    ['{matchLabels: {app: foo}}', ['foo', 'away']],
    ['{matchLabels: {"k8s:app": foo}}', ['foo', 'away']],
    ['{matchLabels: {"container:app": foo}}', []],
    ['{matchExpressions: [{key: app, operator: In, values: [foo, bar]}]}', ['foo', 'away', 'bar']],
    ['{matchExpressions: [{key: env, operator: Exists}]}', ['bar']],
    [
      '{matchLabels: {app: foo}, matchExpressions: [{key: "io.cilium.k8s.policy.cluster", operator: DoesNotExist}]}',
      ['foo'],
    ],
    ['{matchLabels: {"reserved:remote-node": ""}}', ['node', 'apiserver']],
    ['{}', PEERS],
  ];
  for (const [text, names] of cases) {
    test(`${text}: ${names === PEERS ? 'everybody' : names.join(', ') || 'nobody'}`, () => {
      assertPeers(ofWeb(`egress: [{toEndpoints: [${text}]}]`), names);
    });
  }
  test('NotIn is also met by who lacks the label, the world included, but never by nodes', () => {
    assertOutcomes(
      ofWeb('egress: [{toEndpoints: [{matchExpressions: [{key: app, operator: NotIn, values: [foo]}]}]}]'),
      {
        'egress bar TCP/1': 'allow',
        'egress foo TCP/1': 'default-deny',
        'egress node TCP/1': 'default-deny',
        'egress host TCP/1': 'default-deny',
        'egress world TCP/1': 'allow',
      },
    );
  });
});

suite('Requirements (fromRequires, toRequires)', () => {
  const requires = 'ingress: [{fromRequires: [{matchLabels: {env: prod}}]}]';
  test('they narrow the endpoints of all rules of the subject', () => {
    const both = ofWeb(
      requires,
      'ingress: [{fromEndpoints: [{matchLabels: {app: foo}}, {matchLabels: {app: bar}}]}]',
    );
    assertOutcomes(both, { 'ingress bar TCP/1': 'allow', 'ingress foo TCP/1': 'default-deny' });
  });
  test('alone they allow nobody', () => {
    assertOutcomes(ofWeb(requires), { 'ingress bar TCP/1': 'default-deny' });
  });
  test('they do not narrow entities, CIDRs and ports for everybody, nor the other direction', () => {
    const others = ofWeb(
      requires,
      'ingress: [{fromEntities: [world]}, {fromCIDR: [10.0.0.0/8]}, {toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]',
      'egress: [{toEndpoints: [{matchLabels: {app: foo}}]}]',
    );
    assertOutcomes(others, {
      'ingress world TCP/1': 'allow',
      'ingress ten TCP/1': 'allow',
      'ingress foo TCP/80': 'allow',
      'egress foo TCP/1': 'allow',
    });
  });
  test('an empty selector is no longer everybody', () => {
    assertOutcomes(ofWeb(requires, 'ingress: [{fromEndpoints: [{}]}]'), {
      'ingress bar TCP/1': 'allow',
      'ingress foo TCP/1': 'default-deny',
      'ingress world TCP/1': 'default-deny',
    });
  });
});

suite('Named ports', () => {
  test('in: what the subject calls by the name', () => {
    const text =
      'ingress: [{fromEndpoints: [{matchLabels: {app: foo}}], toPorts: [{ports: [{port: http, protocol: TCP}]}]}]';
    assertOutcomes(ofWeb(text), {
      'ingress foo TCP/8080': 'allow',
      'ingress foo TCP/80': 'default-deny',
      'ingress foo UDP/8080': 'default-deny',
      'ingress bar TCP/8080': 'default-deny',
    });
    const unknown = 'ingress: [{toPorts: [{ports: [{port: api, protocol: TCP}]}]}]';
    assertOutcomes(ofWeb(unknown), {
      'ingress foo TCP/9000': 'default-deny',
      'ingress foo TCP/8080': 'default-deny',
    });
  });
  test('out: what each peer calls by the name', () => {
    const text = 'egress: [{toPorts: [{ports: [{port: api, protocol: TCP}]}]}]';
    assertOutcomes(ofWeb(text), {
      'egress foo TCP/9000': 'allow',
      'egress foo TCP/9001': 'default-deny',
      'egress bar TCP/9001': 'allow',
      'egress bar TCP/9000': 'default-deny',
      'egress away TCP/9000': 'default-deny',
    });
    const foo =
      'egress: [{toEndpoints: [{matchLabels: {app: foo}}], toPorts: [{ports: [{port: api, protocol: TCP}]}]}]';
    assertOutcomes(ofWeb(foo), { 'egress foo TCP/9000': 'allow', 'egress bar TCP/9001': 'default-deny' });
  });
  test('a name of another protocol is another name', () => {
    assertOutcomes(ofWeb('egress: [{toPorts: [{ports: [{port: dns, protocol: UDP}]}]}]'), {
      'egress foo UDP/53': 'allow',
      'egress foo TCP/53': 'default-deny',
    });
  });
  test('a deny by name', () => {
    assertOutcomes(
      ofWeb(
        'egress: [{toEntities: [all]}]',
        'egressDeny: [{toPorts: [{ports: [{port: api, protocol: TCP}]}]}]',
      ),
      { 'egress foo TCP/9000': 'deny', 'egress bar TCP/9000': 'allow', 'egress bar TCP/9001': 'deny' },
    );
  });
});

suite('Enforcement modes', () => {
  const scenario = ofWeb(
    'ingress: [{fromEndpoints: [{matchLabels: {app: foo}}]}]',
    'ingressDeny: [{fromEntities: [host]}]',
  );
  test('default: the directions that rules speak of', () => {
    assertOutcomes(scenario, { 'ingress bar TCP/1': 'default-deny', 'egress bar TCP/1': 'allow' });
    assertOutcomes({ rules: [] }, { 'ingress bar TCP/1': 'allow', 'egress bar TCP/1': 'allow' });
    assert.deepEqual(mapOf({ rules: [] }), ['ingress any any allow', 'egress any any allow']);
  });
  test('always: both directions of all endpoints', () => {
    assertOutcomes(
      { ...scenario, enforcement: 'always' },
      {
        'ingress foo TCP/1': 'allow',
        'ingress bar TCP/1': 'default-deny',
        'egress bar TCP/1': 'default-deny',
      },
    );
    assert.deepEqual(mapOf({ rules: [], enforcement: 'always' }), []);
  });
  test('never: no rule counts, not even a deny', () => {
    assertOutcomes(
      { ...scenario, enforcement: 'never' },
      { 'ingress bar TCP/1': 'allow', 'ingress host TCP/1': 'allow', 'egress bar TCP/1': 'allow' },
    );
  });
});

suite('enableDefaultDeny', () => {
  const open = 'enableDefaultDeny: {ingress: false, egress: false}';
  test('false: its allows change nothing, its denies deny, its L7 rules check', () => {
    const scenario = ofWeb(
      `${open}\ningress:\n- toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{method: GET}]}}]\ningressDeny: [{fromEndpoints: [{matchLabels: {app: foo}}]}]`,
    );
    assertOutcomes(scenario, {
      'ingress bar TCP/81': 'allow',
      'ingress bar TCP/80': 'redirect',
      'ingress foo TCP/81': 'deny',
      'ingress foo TCP/80': 'deny',
    });
  });
  test('another rule that does switch it on counts for all', () => {
    const scenario = ofWeb(
      `${open}\ningress: [{fromEndpoints: [{matchLabels: {app: foo}}]}]`,
      'ingress: [{fromEndpoints: [{matchLabels: {app: bar}}]}]',
    );
    assertOutcomes(scenario, {
      'ingress foo TCP/1': 'allow',
      'ingress bar TCP/1': 'allow',
      'ingress world TCP/1': 'default-deny',
    });
  });
});

suite('Rules in audit mode', () => {
  /** Rules that only report, beside those that do. */
  const audited = (audit: Scenario, enforced: Scenario = { rules: [] }): Scenario => ({
    rules: [...enforced.rules, ...audit.rules.map((rule) => ({ ...rule, audit: true }))],
  });
  test('what a rule would drop passes and is reported', () => {
    assertOutcomes(audited(ofWeb('ingress: [{fromEndpoints: [{matchLabels: {app: foo}}]}]')), {
      'ingress foo TCP/80': 'allow',
      'ingress bar TCP/80': 'audit',
      'egress bar TCP/80': 'allow',
    });
  });
  test('a deny reports what another rule allows', () => {
    const enforced = ofWeb('ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]');
    assertOutcomes(audited(ofWeb('ingressDeny: [{fromEndpoints: [{matchLabels: {app: foo}}]}]'), enforced), {
      'ingress foo TCP/80': 'audit',
      'ingress bar TCP/80': 'allow',
      'ingress foo TCP/81': 'default-deny',
    });
  });
  test('they allow nothing that the others deny', () => {
    const enforced = ofWeb('ingress: [{fromEndpoints: [{matchLabels: {app: foo}}]}]');
    assertOutcomes(audited(ofWeb('ingress: [{fromEndpoints: [{matchLabels: {app: bar}}]}]'), enforced), {
      'ingress foo TCP/80': 'allow',
      'ingress bar TCP/80': 'default-deny',
    });
  });
});
