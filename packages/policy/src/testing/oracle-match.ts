/** How the oracle matches: whom selectors, peers and ports of a rule mean, read off the rule each time. */
import ipaddr from 'ipaddr.js';
import type { Identity } from '../identity/identity.ts';
import type { Label } from '../labels/label.ts';
import type { LabelSelector } from '../labels/selector.ts';
import {
  type CidrGroup,
  type Entity,
  type Peer,
  type Port,
  PROTOCOL_NUMBERS,
  type Rule,
} from '../rules/rule.ts';
import type { Question, World } from './oracle.ts';

export const has = (identity: Identity, source: string, key: string): boolean =>
  identity.labels.some((label) => label.source === source && label.key === key);

const hasSource = (identity: Identity, source: string): boolean =>
  identity.labels.some((label) => label.source === source);

export const isNode = (identity: Identity): boolean =>
  has(identity, 'reserved', 'host') || has(identity, 'reserved', 'remote-node');

export function isSubject({ subject }: Rule, identity: Identity): boolean {
  return (subject.kind === 'nodes') === isNode(identity) && meetsAll(subject.selector, identity.labels);
}

function meetsAll(selector: LabelSelector, labels: readonly Label[]): boolean {
  for (const { source, key, operator, values } of selector.requirements) {
    const found = labels.filter(
      (label) => label.key === key && (source === 'any' || label.source === source),
    );
    const equal = found.some((label) => values.includes(label.value));
    if (operator === 'exists' && found.length === 0) return false;
    if (operator === 'doesNotExist' && found.length > 0) return false;
    if (operator === 'in' && !equal) return false;
    if (operator === 'notIn' && equal) return false;
  }
  return true;
}

export function isPort(port: Port, question: Question, owner: Identity): boolean {
  if (PROTOCOL_NUMBERS[port.protocol] !== question.protocol) return false;
  if (port.kind === 'range') return port.first <= question.port && question.port <= port.last;
  return numbersOf(port, owner).includes(question.port);
}

/** Whether a peer is nobody, whichever identities there are. */
export function isNobody(world: World, peer: Peer): boolean {
  switch (peer.kind) {
    case 'service':
    case 'group':
      return true;
    case 'entity':
      return peer.entity === 'none';
    case 'cidrGroup':
    case 'cidrGroupSelector':
      return groupsOf(world, peer).length === 0;
    default:
      return false;
  }
}

/** The groups of CIDRs that a peer names or selects. */
const groupsOf = (
  { cidrGroups }: World,
  peer: Peer & { kind: 'cidrGroup' | 'cidrGroupSelector' },
): CidrGroup[] =>
  cidrGroups.filter((group) =>
    peer.kind === 'cidrGroup' ? group.name === peer.name : meetsAll(peer.selector, group.labels),
  );

/** The ports that an endpoint calls by a name. */
export const numbersOf = (port: Port & { kind: 'named' }, owner: Identity): number[] =>
  (owner.namedPorts ?? [])
    .filter(({ name, protocol }) => name === port.name && protocol === port.protocol)
    .map(({ port: number }) => number);

export function isPeer(
  world: World,
  peer: Peer,
  required: readonly LabelSelector[],
  identity: Identity,
): boolean {
  switch (peer.kind) {
    case 'endpoints': {
      const requirements = [peer.selector, ...required].flatMap((selector) => selector.requirements);
      if (requirements.length === 0) return true;
      if (isNode(identity) && !requirements.some(({ source }) => source === 'reserved')) return false;
      return meetsAll({ requirements }, identity.labels);
    }
    case 'nodes':
      return isNode(identity) && meetsAll(peer.selector, identity.labels);
    case 'entity':
      return isEntity(world, peer.entity, identity);
    case 'cidr':
      return isWithin(peer.cidr, peer.except, identity);
    case 'cidrGroup':
    case 'cidrGroupSelector':
      return groupsOf(world, peer).some(({ cidrs }) =>
        cidrs.some((cidr) => isWithin(cidr, peer.except, identity)),
      );
    case 'fqdn':
      return has(identity, 'fqdn', 'matchName' in peer ? peer.matchName : peer.matchPattern);
    case 'service':
    case 'group':
      return false;
  }
}

function isEntity(world: World, entity: Entity, identity: Identity): boolean {
  const outside =
    has(identity, 'reserved', 'world') ||
    has(identity, 'reserved', 'world-ipv4') ||
    has(identity, 'reserved', 'world-ipv6') ||
    hasSource(identity, 'cidr') ||
    hasSource(identity, 'fqdn');
  switch (entity) {
    case 'all':
      return true;
    case 'none':
      return false;
    case 'world':
      return outside;
    case 'world-ipv4':
      return has(identity, 'reserved', 'world-ipv4') || cidrsOf(identity).some((cidr) => !cidr.includes(':'));
    case 'world-ipv6':
      return has(identity, 'reserved', 'world-ipv6') || cidrsOf(identity).some((cidr) => cidr.includes(':'));
    case 'cluster': {
      const elsewhere = identity.labels.some(
        ({ key, value }) => key === 'io.cilium.k8s.policy.cluster' && value !== world.options.clusterName,
      );
      return !outside && !elsewhere;
    }
    default:
      return has(identity, 'reserved', entity);
  }
}

const cidrsOf = (identity: Identity): string[] =>
  identity.labels.filter(({ source }) => source === 'cidr').map(({ key }) => key);

/** Whether an identity stands for addresses inside of a CIDR and outside of its exceptions. */
function isWithin(cidr: string, except: readonly string[], identity: Identity): boolean {
  if (isNode(identity)) return false;
  const family = cidr.includes(':') ? 'world-ipv6' : 'world-ipv4';
  if (cidr.endsWith('/0') && (has(identity, 'reserved', 'world') || has(identity, 'reserved', family)))
    return true;
  return cidrsOf(identity).some((own) => contains(cidr, own) && !except.some((one) => contains(one, own)));
}

/** Whether one prefix lies within another (or is the same). */
function contains(outer: string, inner: string): boolean {
  const [outerBits, innerBits] = [prefixBits(outer), prefixBits(inner)];
  return outer.includes(':') === inner.includes(':') && innerBits.startsWith(outerBits);
}

/** A prefix as its leading bits, one character each: `10.0.0.0/8` is `00001010`. */
function prefixBits(cidr: string): string {
  const [address, length] = ipaddr.parseCIDR(cidr);
  const bits = address.toByteArray().map((byte) => byte.toString(2).padStart(8, '0'));
  return bits.join('').slice(0, length);
}
