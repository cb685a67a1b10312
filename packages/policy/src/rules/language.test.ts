/** Every field of the rule language becomes what the engine is told, and nothing else. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { formatSelector } from '../labels/selector.ts';
import { parsePolicies } from './parse.ts';
import type { Direction, Peer, Port, Rule, RuleElement } from './rule.ts';

/** The rule of a bare rule's fields. */
function rule(fields: Record<string, unknown>): Rule {
  const [parsed] = parsePolicies(JSON.stringify({ endpointSelector: {}, ...fields })).rules;
  assert.ok(parsed);
  return parsed;
}

function element(direction: Direction, fields: Record<string, unknown>): RuleElement {
  const [parsed] = rule({ [direction]: [fields] })[direction]?.elements ?? [];
  assert.ok(parsed);
  return parsed;
}

const ingress = (fields: Record<string, unknown>): RuleElement => element('ingress', fields);
const egress = (fields: Record<string, unknown>): RuleElement => element('egress', fields);

/** Ports as text: `TCP/80`, `UDP/53-60`, `TCP/http`. */
const portTexts = ({ ports }: RuleElement): string[] | undefined =>
  ports?.flatMap(({ ports: each }) => each.map(portText));

function portText(port: Port): string {
  if (port.kind === 'named') return `${port.protocol}/${port.name}`;
  return `${port.protocol}/${port.first}${port.last === port.first ? '' : `-${port.last}`}`;
}

const portsOf = (...ports: unknown[]): string[] | undefined => portTexts(ingress({ toPorts: [{ ports }] }));
const selectorOf = (selector: unknown): string =>
  formatSelector(rule({ endpointSelector: selector, ingress: [{}] }).subject.selector);

suite('selectors', () => {
  test('matchLabels and matchExpressions are requirements, with their sources', () => {
    assert.equal(selectorOf({}), '*');
    assert.equal(
      selectorOf({ matchLabels: { app: 'web', 'k8s:tier': '', 'reserved:host': null } }),
      'app=web, k8s:tier, reserved:host',
    );
    const matchExpressions = [
      { key: 'k8s:app', operator: 'In', values: ['a', 'b'] },
      { key: 'app.kubernetes.io/name', operator: 'NotIn', values: ['c'] },
      { key: 'canary', operator: 'Exists' },
      { key: 'container:legacy', operator: 'DoesNotExist', values: [] },
    ];
    assert.equal(
      selectorOf({ matchExpressions }),
      'k8s:app in (a, b), app.kubernetes.io/name notin (c), canary, !container:legacy',
    );
  });

  test('a nodeSelector makes a rule for nodes', () => {
    const parsed = rule({
      endpointSelector: null,
      nodeSelector: { matchLabels: { role: 'edge' } },
      ingress: [{}],
    });
    assert.equal(parsed.subject.kind, 'nodes');
    assert.equal(formatSelector(parsed.subject.selector), 'role=edge');
  });
});

suite('sections', () => {
  test('a list with elements denies by default, an empty one says nothing', () => {
    assert.deepEqual(rule({ ingress: [] }).ingress, undefined);
    assert.equal(rule({ ingress: [{}] }).ingress?.defaultDeny, true);
    assert.equal(rule({ ingressDeny: [{}] }).ingress?.defaultDeny, true);
    assert.equal(rule({ ingress: [{}] }).egress, undefined);
  });

  test('enableDefaultDeny decides, where it is given', () => {
    const parsed = rule({ ingress: [{}], egress: [], enableDefaultDeny: { ingress: false, egress: true } });
    assert.equal(parsed.ingress?.defaultDeny, false);
    assert.deepEqual(parsed.egress, { elements: [], defaultDeny: true });
  });

  test('allowing and denying elements stand in one section', () => {
    const parsed = rule({ egress: [{ toEntities: ['all'] }], egressDeny: [{ toCIDR: ['10.0.0.0/8'] }] });
    assert.deepEqual(
      parsed.egress?.elements.map(({ action, place }) => [action, place.path]),
      [
        ['allow', 'egress[0]'],
        ['deny', 'egressDeny[0]'],
      ],
    );
  });
});

suite('peers', () => {
  const cases: readonly [string, Direction, Record<string, unknown>, readonly Peer[] | undefined][] = [
    ['nothing at all is nobody', 'ingress', {}, []],
    ['an empty list is nobody', 'ingress', { fromEndpoints: [], toPorts: [{ ports: [{ port: '80' }] }] }, []],
    ['only ports are everybody', 'egress', { toPorts: [{ ports: [{ port: '80' }] }] }, undefined],
    ['only ICMP is everybody', 'egress', { icmps: [{ fields: [{ type: 8 }] }] }, undefined],
    [
      'an empty selector is everybody',
      'ingress',
      { fromEndpoints: [{}] },
      [{ kind: 'endpoints', selector: { requirements: [] } }],
    ],
    ['nodes', 'egress', { toNodes: [{}] }, [{ kind: 'nodes', selector: { requirements: [] } }]],
    [
      'entities',
      'ingress',
      { fromEntities: ['world', 'kube-apiserver'] },
      [
        { kind: 'entity', entity: 'world' },
        { kind: 'entity', entity: 'kube-apiserver' },
      ],
    ],
    [
      'prefixes and lone addresses, without host bits',
      'egress',
      { toCIDR: ['10.1.2.3/8', '10.1.2.3', '2001:DB8:0::1/32', '::1'] },
      ['10.0.0.0/8', '10.1.2.3/32', '2001:db8::/32', '::1/128'].map((cidr) => ({
        kind: 'cidr',
        cidr,
        except: [],
      })),
    ],
    [
      'prefixes with exceptions',
      'ingress',
      { fromCIDRSet: [{ cidr: '10.0.0.0/8', except: ['10.96.0.0/12', '10.0.0.0/8'] }] },
      [{ kind: 'cidr', cidr: '10.0.0.0/8', except: ['10.96.0.0/12', '10.0.0.0/8'] }],
    ],
    [
      'groups of prefixes by name',
      'egress',
      { toCIDRSet: [{ cidrGroupRef: 'partners', except: ['10.0.0.0/8'] }] },
      [{ kind: 'cidrGroup', name: 'partners', except: ['10.0.0.0/8'] }],
    ],
    [
      'groups of prefixes by labels',
      'egress',
      { toCIDRSet: [{ cidrGroupSelector: {} }] },
      [{ kind: 'cidrGroupSelector', selector: { requirements: [] }, except: [] }],
    ],
    [
      'names, lower case and with their dot',
      'egress',
      { toFQDNs: [{ matchName: 'API.example.com' }, { matchPattern: '*.example.com.' }] },
      [
        { kind: 'fqdn', matchName: 'api.example.com.' },
        { kind: 'fqdn', matchPattern: '*.example.com.' },
      ],
    ],
    [
      'services',
      'egress',
      {
        toServices: [
          { k8sService: { serviceName: 'db', namespace: 'shop' } },
          { k8sServiceSelector: { selector: {} } },
        ],
      },
      [
        { kind: 'service', service: { name: 'db', namespace: 'shop' } },
        { kind: 'service', service: { selector: { requirements: [] } } },
      ],
    ],
    [
      'services with ports',
      'egress',
      { toServices: [{ k8sService: { serviceName: 'db' } }], toPorts: [{ ports: [{ port: '80' }] }] },
      [{ kind: 'service', service: { name: 'db' } }],
    ],
    [
      'groups of a cloud',
      'egress',
      {
        toGroups: [
          {
            aws: { region: 'r', securityGroupsIds: ['sg-1'], securityGroupsNames: ['n'], labels: { a: 'b' } },
          },
        ],
      },
      [
        {
          kind: 'group',
          group: {
            aws: { labels: { a: 'b' }, securityGroupsIds: ['sg-1'], securityGroupsNames: ['n'], region: 'r' },
          },
        },
      ],
    ],
    [
      'groups of a cloud, inwards',
      'ingress',
      { fromGroups: [{ aws: {} }] },
      [{ kind: 'group', group: { aws: {} } }],
    ],
  ];
  for (const [name, direction, fields, expected] of cases) {
    test(name, () => assert.deepEqual(element(direction, fields).peers, expected));
  }

  test('requirements stand beside the peers', () => {
    const { peers, requires } = ingress({
      fromRequires: [{ matchLabels: { team: 'a' } }],
      fromEndpoints: [{}],
    });
    assert.equal(peers?.length, 1);
    assert.deepEqual(requires?.map(formatSelector), ['team=a']);
    assert.deepEqual(egress({ toRequires: [{}] }).peers, []);
  });

  test('authentication', () => {
    assert.equal(
      ingress({ fromEndpoints: [{}], authentication: { mode: 'required' } }).authentication,
      'required',
    );
  });
});

suite('ports', () => {
  test('numbers, names, ranges, all', () => {
    assert.deepEqual(portsOf({ port: '80', protocol: 'TCP' }), ['TCP/80']);
    assert.deepEqual(portsOf({ port: 80, protocol: 'tcp' }), ['TCP/80']);
    assert.deepEqual(portsOf({ port: 'HTTP-alt', protocol: 'TCP' }), ['TCP/http-alt']);
    assert.deepEqual(portsOf({ port: '80', endPort: 90, protocol: 'UDP' }), ['UDP/80-90']);
    assert.deepEqual(portsOf({ port: '80', endPort: 0, protocol: 'UDP' }), ['UDP/80']);
    assert.deepEqual(portsOf({ port: '0', protocol: 'SCTP' }), ['SCTP/0-65535']);
    assert.deepEqual(portsOf({ protocol: 'UDP' }), ['UDP/0-65535']);
  });

  test('any protocol is TCP, UDP and SCTP', () => {
    for (const protocol of ['ANY', 'any', '', null]) {
      assert.deepEqual(portsOf({ port: '53', protocol }), ['TCP/53', 'UDP/53', 'SCTP/53']);
    }
    assert.deepEqual(portsOf({ port: 'dns' }), ['TCP/dns', 'UDP/dns', 'SCTP/dns']);
  });

  test('protocols without ports', () => {
    assert.deepEqual(portsOf({ protocol: 'VRRP' }, { protocol: 'IGMP', port: '0' }), [
      'VRRP/0-65535',
      'IGMP/0-65535',
    ]);
  });

  test('the order of entries is kept, and an entry without ports matches nothing', () => {
    const { ports } = ingress({
      toPorts: [{ ports: [{ port: '2', protocol: 'TCP' }] }, {}, { ports: [{ port: '1', protocol: 'TCP' }] }],
    });
    assert.deepEqual(
      ports?.map(({ ports: each }) => each.map(portText)),
      [['TCP/2'], [], ['TCP/1']],
    );
    assert.equal(ports?.[2]?.place.path, 'ingress[0].toPorts[2]');
  });

  test('forty ports are allowed', () => {
    const forty = Array.from({ length: 40 }, (_, i) => ({ port: String(i + 1), protocol: 'TCP' }));
    assert.equal(portsOf(...forty)?.length, 40);
  });

  test('ICMP by number and by name, of either family', () => {
    const fields = [
      { type: 8 },
      { family: 'IPv4', type: 'EchoReply' },
      { family: 'IPv6', type: '128' },
      { family: 'IPv6', type: 'NeighborSolicitation' },
    ];
    assert.deepEqual(portTexts(ingress({ icmps: [{ fields }] })), [
      'ICMP/8',
      'ICMP/0',
      'ICMPv6/128',
      'ICMPv6/135',
    ]);
  });
});

suite('layer 7', () => {
  const l7 = (direction: Direction, entry: Record<string, unknown>): unknown =>
    element(direction, { toPorts: [{ ports: [{ port: '80', protocol: 'TCP' }], ...entry }] }).ports?.[0]?.l7;

  test('no rules are no proxy, and an empty list of rules lets all of the protocol pass', () => {
    assert.equal(l7('ingress', {}), undefined);
    assert.equal(l7('ingress', { rules: {} }), undefined);
    assert.deepEqual(l7('ingress', { rules: { http: [] } }), { parser: 'http', http: [] });
    assert.deepEqual(l7('ingress', { rules: { http: [{}] } }), { parser: 'http', http: [{}] });
  });

  test('HTTP', () => {
    const http = [
      {
        path: '/api/v[0-9]+/[[:alpha:]]*',
        method: '(?i)get',
        host: 'example\\.com',
        headers: ['X-Token: 1'],
        headerMatches: [
          { name: 'X-A', value: 'b', mismatch: 'REPLACE', secret: { namespace: 'ns', name: 's' } },
        ],
      },
    ];
    assert.deepEqual(l7('ingress', { rules: { http } }), { parser: 'http', http });
  });

  test('Kafka', () => {
    const kafka = [
      { role: 'Produce', topic: 'orders' },
      { apiKey: 'FETCH', apiVersion: '3', clientID: 'c' },
    ];
    assert.deepEqual(l7('ingress', { rules: { kafka } }), {
      parser: 'kafka',
      kafka: [
        { role: 'produce', topic: 'orders' },
        { apiKey: 'fetch', apiVersion: '3', clientID: 'c' },
      ],
    });
  });

  test('DNS, on any protocol', () => {
    const toPorts = [
      { ports: [{ port: '53' }], rules: { dns: [{ matchPattern: '*' }, { matchName: 'A.b' }] } },
    ];
    assert.deepEqual(egress({ toPorts }).ports?.[0]?.l7, {
      parser: 'dns',
      dns: [{ matchPattern: '*' }, { matchName: 'a.b.' }],
    });
  });

  test('protocols of one’s own', () => {
    const rules = { l7proto: 'r2d2', l7: [{ cmd: 'READ', file: 'x' }] };
    assert.deepEqual(l7('egress', { rules }), { parser: 'r2d2', generic: rules.l7 });
    assert.deepEqual(l7('egress', { rules: { l7proto: 'r2d2' } }), { parser: 'r2d2' });
  });

  test('TLS and names of servers', () => {
    const tls = { secret: { name: 's' }, trustedCA: 'ca', certificate: 'c', privateKey: 'k' };
    assert.deepEqual(l7('egress', { serverNames: ['a.b'] }), { parser: 'tls', serverNames: ['a.b'] });
    assert.deepEqual(
      l7('egress', { terminatingTLS: tls, originatingTLS: tls, serverNames: ['a.b'], rules: { http: [{}] } }),
      { parser: 'http', http: [{}], serverNames: ['a.b'], terminatingTls: tls, originatingTls: tls },
    );
  });

  test('listeners', () => {
    assert.deepEqual(l7('egress', { listener: { envoyConfig: { name: 'c' }, name: 'l' } }), {
      parser: 'listener',
      listener: { kind: 'CiliumEnvoyConfig', config: 'c', name: 'l' },
    });
    const listener = {
      envoyConfig: { kind: 'CiliumClusterwideEnvoyConfig', name: 'c' },
      name: 'l',
      priority: 1,
    };
    assert.deepEqual(l7('egress', { listener }), {
      parser: 'listener',
      listener: { kind: 'CiliumClusterwideEnvoyConfig', config: 'c', name: 'l', priority: 1 },
    });
  });

  test('rules on a range of ports, and DNS rules of a policy for nodes', () => {
    const ranged = ingress({
      toPorts: [{ ports: [{ port: '80', endPort: 90, protocol: 'TCP' }], rules: { http: [{}] } }],
    });
    assert.equal(ranged.ports?.[0]?.l7?.parser, 'http');
    const toPorts = [{ ports: [{ port: '53', protocol: 'UDP' }], rules: { dns: [{ matchName: 'a' }] } }];
    const host = rule({ endpointSelector: null, nodeSelector: {}, egress: [{ toPorts }] });
    assert.equal(host.egress?.elements[0]?.ports?.[0]?.l7?.parser, 'dns');
  });
});
