/**
 * Small random worlds whose parts collide a lot: few labels, few ports, prefixes within prefixes, so that rules meet each other
 * on most packets.
 */
import fc from 'fast-check';
import type { Identity } from '../identity/identity.ts';
import { type Label, parseLabel } from '../labels/label.ts';
import type { LabelSelector, Requirement } from '../labels/selector.ts';
import type { L7Rules } from '../rules/l7.ts';
import {
  type CidrGroup,
  ENTITIES,
  type Peer,
  type Port,
  type PortRule,
  type Protocol,
  type Rule,
  type RuleElement,
  type RuleSection,
} from '../rules/rule.ts';
import { CLUSTER_NAME, OTHERS, SUBJECTS } from './identities.ts';
import type { World } from './oracle.ts';

const CIDRS = ['0.0.0.0/0', '10.0.0.0/8', '10.1.0.0/16', '10.1.2.3/32', '::/0', 'fd00::/16', 'fd00:1::/32'];
const EXCEPTS = ['10.1.0.0/16', '10.1.2.0/24', '10.1.2.3/32', 'fd00:1::/32'];

/** Values go with their keys, so that requirements are met often. */
const requirement = (source: fc.Arbitrary<string>): fc.Arbitrary<Requirement> =>
  fc.constantFrom(['app', 'a', 'b'], ['tier', 'x', 'y']).chain(([key = '', ...values]) =>
    fc
      .record({
        source,
        key: fc.constant(key),
        operator: fc.constantFrom('in', 'in', 'notIn', 'exists', 'doesNotExist'),
        values: fc.subarray(values, { minLength: 1 }),
      })
      .map((one) =>
        one.operator === 'exists' || one.operator === 'doesNotExist' ? { ...one, values: [] } : one,
      ),
  );

const ofReserved: fc.Arbitrary<Requirement> = fc.record({
  source: fc.constant('reserved'),
  key: fc.constantFrom('host', 'remote-node', 'init', 'world'),
  operator: fc.constantFrom('exists', 'doesNotExist'),
  values: fc.constant([]),
});

const ofLabels = requirement(fc.constantFrom('any', 'any', 'any', 'k8s', 'container'));

const selector = (one: fc.Arbitrary<Requirement>, most = 2): fc.Arbitrary<LabelSelector> =>
  fc.record({ requirements: fc.array(one, { maxLength: most }) });

const except = fc.subarray(EXCEPTS, { maxLength: 2 });

const groupLabels: readonly Label[] = [parseLabel('app=a', 'k8s'), parseLabel('app=b', 'k8s')];

const peer: fc.Arbitrary<Peer> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('endpoints'),
      selector: selector(fc.oneof({ weight: 7, arbitrary: ofLabels }, { weight: 1, arbitrary: ofReserved })),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('entity'), entity: fc.constantFrom(...ENTITIES) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('cidr'), cidr: fc.constantFrom(...CIDRS), except }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('cidrGroup'),
      name: fc.constantFrom('one', 'two', 'none'),
      except,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('cidrGroupSelector'), selector: selector(ofLabels), except }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fqdn'), matchName: fc.constant('a.example.') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fqdn'), matchPattern: fc.constant('*.example.') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('nodes'), selector: selector(ofLabels, 1) }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Peer>(
      { kind: 'service', service: { name: 'shop', namespace: 'default' } },
      { kind: 'group', group: { aws: { region: 'north' } } },
    ),
  },
);

const RANGES: readonly (readonly [number, number])[] = [
  [80, 80],
  [80, 80],
  [80, 80],
  [81, 81],
  [80, 81],
  [80, 81],
  [53, 53],
  [79, 90],
  [64, 127],
  [1, 1023],
  [1024, 65535],
  [0, 65535],
  [65535, 65535],
];

const ranges = (protocol: Protocol, from: readonly (readonly [number, number])[]): fc.Arbitrary<Port> =>
  fc.constantFrom(...from).map(([first, last]) => ({ kind: 'range', protocol, first, last }));

const tcp = fc.oneof(
  { weight: 5, arbitrary: ranges('TCP', RANGES) },
  { weight: 1, arbitrary: fc.constant<Port>({ kind: 'named', protocol: 'TCP', name: 'web' }) },
);
const udp = fc.oneof(
  { weight: 4, arbitrary: ranges('UDP', RANGES) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('web', 'dns').map((name): Port => ({ kind: 'named', protocol: 'UDP', name })),
  },
);
const others = fc.oneof(
  ranges('ICMP', [
    [0, 0],
    [8, 8],
    [0, 65535],
  ]),
  ranges('ICMPv6', [
    [128, 128],
    [0, 65535],
  ]),
  ranges('SCTP', RANGES),
  ranges('VRRP', [[0, 65535]]),
);

const http: fc.Arbitrary<L7Rules> = fc
  .constantFrom('/', '/a')
  .map((path) => ({ parser: 'http', http: [{ path, method: 'GET' }] }));
const dns: fc.Arbitrary<L7Rules> = fc.constantFrom<L7Rules>(
  { parser: 'dns', dns: [{ matchName: 'a.example.' }] },
  { parser: 'dns', dns: [{ matchPattern: '*.' }] },
);

/** Ports of a rule: TCP, UDP with their own parser each, and other protocols without one. `mixed`: parsers that may conflict. */
const portRule = (path: string, checked: boolean, mixed: boolean): fc.Arbitrary<PortRule> => {
  const rule = (ports: fc.Arbitrary<Port>, l7: fc.Arbitrary<L7Rules | undefined>): fc.Arbitrary<PortRule> =>
    fc.tuple(fc.array(ports, { minLength: 1, maxLength: 3 }), l7).map(([list, check]) => ({
      ports: list,
      place: { path },
      ...(check === undefined ? {} : { l7: check }),
    }));
  const maybe = (l7: fc.Arbitrary<L7Rules>): fc.Arbitrary<L7Rules | undefined> =>
    checked ? fc.option(l7, { nil: undefined }) : fc.constant(undefined);
  return fc.oneof(
    { weight: 5, arbitrary: rule(tcp, maybe(mixed ? fc.oneof(http, dns) : http)) },
    { weight: 2, arbitrary: rule(udp, maybe(dns)) },
    { weight: 1, arbitrary: rule(others, fc.constant(undefined)) },
  );
};

const element = (path: string, mixed: boolean): fc.Arbitrary<RuleElement> =>
  fc.constantFrom('allow', 'allow', 'deny').chain((action) =>
    fc
      .record({
        peers: fc.option(fc.array(peer, { maxLength: 3 }), { nil: undefined, freq: 3 }),
        requires: fc.option(fc.array(selector(ofLabels, 1), { minLength: 1, maxLength: 2 }), {
          nil: undefined,
          freq: 1,
        }),
        // Requirements speak to all peers of a subject: in most worlds there should be none.
        keepRequires: fc.integer({ min: 0, max: 9 }).map((number) => number === 0),
        ports: fc.option(
          fc.array(portRule(`${path}.toPorts`, action === 'allow', mixed), { minLength: 1, maxLength: 2 }),
          { nil: undefined, freq: 3 },
        ),
      })
      .map(({ peers, requires, keepRequires, ports }) => ({
        action,
        place: { path },
        ...(peers === undefined ? {} : { peers }),
        ...(requires === undefined || !keepRequires ? {} : { requires }),
        ...(ports === undefined ? {} : { ports }),
      })),
  );

const section = (path: string, mixed: boolean): fc.Arbitrary<RuleSection> =>
  fc.record({
    elements: fc
      .integer({ min: 0, max: 3 })
      .chain((count) =>
        fc.tuple(...Array.from({ length: count }, (_, index) => element(`${path}[${index}]`, mixed))),
      ),
    defaultDeny: fc.integer({ min: 0, max: 3 }).map((number) => number > 0),
  });

const subject = (kind: 'endpoints' | 'nodes', most: number): fc.Arbitrary<Rule['subject']> =>
  fc.record({ kind: fc.constant(kind), selector: selector(ofLabels, most) });

/** A rule called `name`: its label, and the start of all its paths. */
export const rule = (name: string, mixed = false): fc.Arbitrary<Rule> =>
  fc
    .record({
      subject: fc.oneof(
        { weight: 4, arbitrary: subject('endpoints', 0) },
        { weight: 4, arbitrary: subject('endpoints', 1) },
        { weight: 1, arbitrary: subject('nodes', 1) },
      ),
      ingress: fc.option(section(`${name}.ingress`, mixed), { nil: undefined, freq: 4 }),
      egress: fc.option(section(`${name}.egress`, mixed), { nil: undefined, freq: 2 }),
      audit: fc.integer({ min: 0, max: 6 }).map((number) => number === 0),
      team: fc.constantFrom('red', 'blue'),
    })
    .map(({ subject, ingress, egress, audit, team }) => ({
      subject,
      audit,
      labels: [parseLabel(`name=${name}`, 'k8s'), parseLabel(`team=${team}`, 'k8s')],
      origin: { kind: 'Rule', name, path: name },
      ...(ingress === undefined ? {} : { ingress }),
      ...(egress === undefined ? {} : { egress }),
    }));

/** A group of CIDRs called `name`. */
export const cidrGroup = (name: string): fc.Arbitrary<CidrGroup> =>
  fc.record({
    name: fc.constant(name),
    labels: fc.subarray([...groupLabels], { maxLength: 1 }),
    cidrs: fc.subarray(CIDRS, { minLength: 1, maxLength: 2 }),
    place: fc.constant({ path: name }),
  });

/** Some of the identities, one that rules may select always among them. */
export const identities: fc.Arbitrary<Identity[]> = fc
  .tuple(fc.subarray([...SUBJECTS], { minLength: 1 }), fc.subarray([...OTHERS], { maxLength: 6 }))
  .map(([subjects, rest]) => [...subjects, ...rest]);

/** The options of a repository. */
export const options: fc.Arbitrary<World['options']> = fc.record({
  enforcement: fc.oneof(
    { weight: 8, arbitrary: fc.constant<'default'>('default') },
    { weight: 2, arbitrary: fc.constant<'always'>('always') },
    { weight: 1, arbitrary: fc.constant<'never'>('never') },
  ),
  allowLocalhost: fc.boolean(),
  clusterName: fc.constant(CLUSTER_NAME),
});

/** A world. With `mixed`, parsers may conflict on a port. */
export const world = ({
  mixed = false,
  most = 5,
}: {
  mixed?: boolean;
  most?: number;
} = {}): fc.Arbitrary<World> =>
  fc.record({
    rules: fc
      .integer({ min: 0, max: most })
      .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => rule(`r${index}`, mixed)))),
    cidrGroups: fc
      .tuple(fc.option(cidrGroup('one')), fc.option(cidrGroup('two')))
      .map((groups) => groups.filter((group) => group !== null)),
    identities,
    options,
  });
