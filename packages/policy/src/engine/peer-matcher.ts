/**
 * From the peers that rules name to what can be asked of an identity: does it belong? Equal peers have equal keys, so that
 * each is asked once however many rules name it.
 */
import { type Cidr, contains, formatCidr, parseCidr } from '../identity/cidr.ts';
import { RESERVED_SOURCE } from '../labels/label.ts';
import { isWildcard, type LabelSelector, selectorKey, selects } from '../labels/selector.ts';
import type { CidrGroup, Entity, Peer } from '../rules/rule.ts';
import type { KnownIdentity } from './known-identity.ts';

/** A question to identities. */
export interface PeerMatcher {
  /** Equal for equal questions. */
  readonly key: string;
  /** A label that every match has: `key=value`, whatever its source. */
  readonly label?: string;
  /** A CIDR in which every match lies; the whole of a family's addresses is also its world. */
  readonly cidr?: Cidr;
  matches(known: KnownIdentity): boolean;
}

/** What peers depend on beside the rules. */
export interface PeerContext {
  readonly clusterName: string | undefined;
  readonly cidrGroups: ReadonlyMap<string, CidrGroup>;
}

/**
 * The matcher of a peer.
 *
 * @param requires - Further requirements to endpoints.
 * @returns 'any' for everybody, undefined for nobody.
 */
export function peerMatcher(
  peer: Peer,
  requires: readonly LabelSelector[],
  context: PeerContext,
): PeerMatcher | 'any' | undefined {
  switch (peer.kind) {
    case 'endpoints':
      return endpointsMatcher([peer.selector, ...requires]);
    case 'nodes':
      return nodesMatcher(peer.selector);
    case 'entity':
      return peer.entity === 'all' ? 'any' : entityMatcher(peer.entity, context);
    case 'cidr':
      return cidrMatcher([peer.cidr], peer.except);
    case 'cidrGroup':
      return cidrMatcher(context.cidrGroups.get(peer.name)?.cidrs ?? [], peer.except);
    case 'cidrGroupSelector': {
      const groups = [...context.cidrGroups.values()].filter(({ labels }) => selects(peer.selector, labels));
      return cidrMatcher(
        groups.flatMap(({ cidrs }) => cidrs),
        peer.except,
      );
    }
    case 'fqdn':
      return nameMatcher('matchName' in peer ? peer.matchName : peer.matchPattern);
    case 'service':
    case 'group':
      return undefined;
  }
}

/** The matcher of a rule's subject. */
export const subjectMatcher = (kind: 'endpoints' | 'nodes', selector: LabelSelector): PeerMatcher =>
  kind === 'nodes' ? nodesMatcher(selector) : endpointsOnly(selector);

/** A port that some endpoints call by this name. */
export const namedPortMatcher = (name: string, protocol: string): PeerMatcher => ({
  key: `port:${protocol}:${name}`,
  matches: ({ identity }) =>
    (identity.namedPorts ?? []).some((port) => port.name === name && port.protocol === protocol),
});

/** Both. */
export const both = (a: PeerMatcher, b: PeerMatcher): PeerMatcher => {
  const label = a.label ?? b.label;
  return {
    key: `(${a.key})&(${b.key})`,
    ...(label !== undefined && { label }),
    matches: (known) => a.matches(known) && b.matches(known),
  };
};

function endpointsMatcher(selectors: readonly LabelSelector[]): PeerMatcher | 'any' {
  const requirements = selectors.flatMap((selector) => selector.requirements);
  return requirements.length === 0 ? 'any' : endpointsOnly({ requirements });
}

function endpointsOnly(selector: LabelSelector): PeerMatcher {
  const alsoNodes = selector.requirements.some(({ source }) => source === RESERVED_SOURCE);
  const equal = selector.requirements.find(
    ({ operator, values }) => operator === 'in' && values.length === 1,
  );
  return {
    key: `endpoints:${selectorKey(selector)}`,
    ...(equal && { label: `${equal.key}=${equal.values[0]}` }),
    matches: ({ labels, node }) => (alsoNodes || !node) && selects(selector, labels),
  };
}

const nodesMatcher = (selector: LabelSelector): PeerMatcher => ({
  key: `nodes:${isWildcard(selector) ? '' : selectorKey(selector)}`,
  matches: ({ labels, node }) => node && selects(selector, labels),
});

function entityMatcher(
  entity: Exclude<Entity, 'all'>,
  { clusterName }: PeerContext,
): PeerMatcher | undefined {
  const key = `entity:${entity}`;
  switch (entity) {
    case 'none':
      return undefined;
    case 'world':
      return { key, matches: ({ outside }) => outside };
    case 'world-ipv4':
      return { key, matches: (known) => isWorldOf(known, 4) };
    case 'world-ipv6':
      return { key, matches: (known) => isWorldOf(known, 6) };
    case 'cluster':
      return {
        key,
        matches: ({ outside, cluster }) =>
          !outside && (cluster === undefined || clusterName === undefined || cluster === clusterName),
      };
    default:
      return { key, matches: ({ reserved }) => reserved.has(entity) };
  }
}

const isWorldOf = ({ reserved, cidr }: KnownIdentity, family: 4 | 6): boolean =>
  reserved.has(`world-ipv${family}`) || cidr?.family === family;

const nameMatcher = (name: string): PeerMatcher => ({
  key: `fqdn:${name}`,
  matches: ({ names }) => names.has(name),
});

function cidrMatcher(cidrs: readonly string[], except: readonly string[]): PeerMatcher | undefined {
  if (cidrs.length === 0) return undefined;
  const within = cidrs.map(parseCidr);
  const without = except.map(parseCidr);
  const [only, ...others] = within;
  return {
    ...(only && others.length === 0 && { cidr: only }),
    key: `cidr:${textOf(within)}!${textOf(without)}`,
    matches: (known) =>
      within.some((outer) => isIn(known, outer)) && !without.some((outer) => isIn(known, outer)),
  };
}

const textOf = (cidrs: readonly Cidr[]): string => [...new Set(cidrs.map(formatCidr))].sort().join(',');

/** The whole of a family's addresses is its world. */
const isIn = ({ cidr, reserved }: KnownIdentity, outer: Cidr): boolean =>
  cidr
    ? contains(outer, cidr)
    : outer.prefix === 0 && (reserved.has('world') || reserved.has(`world-ipv${outer.family}`));
