/** Every field of the rule language becomes what the engine is told, and nothing else: subjects, sections, peers. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { formatSelector } from '../labels/selector.ts';
import type { Direction, Peer } from './rule.ts';
import { egress, element, ingress, rule } from './testing/bare-rules.ts';

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
