/**
 * Gaps: what of a packet an element of a rule does not match, and what it asks for instead. Whether a peer matches is asked of the
 * same matchers that the engine uses; here it is only found out which of their requirements it was.
 */
import { type KnownIdentity, knownIdentity } from '../engine/known-identity.ts';
import { type PeerContext, peerMatcher, subjectMatcher } from '../engine/peer-matcher.ts';
import type { Identity, NamedPort } from '../identity/identity.ts';
import { ANY_SOURCE, type Label, RESERVED_SOURCE } from '../labels/label.ts';
import { formatRequirement, formatSelector, type LabelSelector, meets } from '../labels/selector.ts';
import {
  type Direction,
  type Peer,
  type Port,
  PROTOCOL_NUMBERS,
  type Rule,
  type RuleElement,
} from '../rules/rule.ts';
import { formatRange } from './port-range.ts';

/** One thing that is missing. */
export interface Gap {
  /** Whom the rule is about, with whom it lets them talk, or on which ports. */
  readonly kind: 'subject' | 'peer' | 'port';
  /** What the rule asks for. */
  readonly asked: string;
  /** What there is instead: of ports the packet's, of an end what is to be said of it (`has app=batch`, `is a node`), or nothing. */
  readonly has: string;
  /** By how many requirements it was missed. */
  readonly size: number;
}

/** What an element is asked about. */
export interface Question {
  readonly direction: Direction;
  readonly subject: Identity;
  readonly peer: Identity;
  /** IANA's number. */
  readonly protocol: number;
  readonly port: number;
}

/** What the subject of a rule lacks of an identity; nothing when it is selected. */
export function subjectGap({ subject: { kind, selector } }: Rule, identity: Identity): Gap | undefined {
  const known = knownIdentity(identity, 0);
  if (subjectMatcher(kind, selector).matches(known)) return undefined;
  return selectorGap('subject', kind, selector, known);
}

/** What the peers of an element lack of an identity: of those that miss it, the one that misses it by least. */
export function peerGap(
  { peers }: RuleElement,
  identity: Identity,
  requires: readonly LabelSelector[],
  context: PeerContext,
): Gap | undefined {
  if (!peers) return undefined;
  const known = knownIdentity(identity, 0);
  let nearest: Gap | undefined;
  for (const peer of peers) {
    const matcher = peerMatcher(peer, requires, context);
    if (matcher === 'any' || matcher?.matches(known)) return undefined;
    const gap = gapOfPeer(peer, requires, known);
    if (!nearest || gap.size < nearest.size) nearest = gap;
  }
  return nearest ?? { kind: 'peer', asked: 'nobody', has: '', size: FAR };
}

/** What the ports of an element lack of those of a packet. */
export function portGap({ ports }: RuleElement, question: Question): Gap | undefined {
  if (!ports) return undefined;
  const all = ports.flatMap((rule) => rule.ports);
  if (all.some((port) => includesPort(port, question))) return undefined;
  const sameProtocol = all.some(({ protocol }) => PROTOCOL_NUMBERS[protocol] === question.protocol);
  return {
    kind: 'port',
    asked: listed([...new Set(all.map((port) => formatPort(port, question)))]),
    has: formatRange({ protocol: question.protocol, first: question.port, last: question.port }),
    size: sameProtocol ? 1 : 2,
  };
}

/** Whether a packet is to one of these ports. A name is looked up where the packet is received. */
export function includesPort(port: Port, question: Question): boolean {
  if (PROTOCOL_NUMBERS[port.protocol] !== question.protocol) return false;
  if (port.kind === 'range') return port.first <= question.port && question.port <= port.last;
  return namedPorts(port, question).some((named) => named.port === question.port);
}

const namedPorts = (port: Port & { kind: 'named' }, { direction, subject, peer }: Question): NamedPort[] =>
  ((direction === 'ingress' ? subject : peer).namedPorts ?? []).filter(
    ({ name, protocol }) => name === port.name && protocol === port.protocol,
  );

function formatPort(port: Port, question: Question): string {
  const protocol = PROTOCOL_NUMBERS[port.protocol];
  if (port.kind === 'range') return formatRange({ ...port, protocol });
  const [named] = namedPorts(port, question);
  const text = `"${port.name}"/${port.protocol}`;
  return named ? `${text} (${named.port})` : `${text} (which has no number there)`;
}

const LISTED = 5;

const listed = (texts: readonly string[]): string =>
  texts.length <= LISTED
    ? texts.join(', ')
    : `${texts.slice(0, LISTED).join(', ')} and ${texts.length - LISTED} more`;

/** The size of a gap that no label closes. */
const FAR = 3;

function gapOfPeer(peer: Peer, requires: readonly LabelSelector[], known: KnownIdentity): Gap {
  const far = (asked: string): Gap => ({ kind: 'peer', asked, has: '', size: FAR });
  switch (peer.kind) {
    case 'endpoints': {
      const requirements = [peer.selector, ...requires].flatMap((selector) => selector.requirements);
      return selectorGap('peer', 'endpoints', { requirements }, known);
    }
    case 'nodes':
      return selectorGap('peer', 'nodes', peer.selector, known);
    case 'entity':
      return far(`the entity ${peer.entity}`);
    case 'cidr':
      return far(`${peer.cidr}${exceptText(peer.except)}`);
    case 'cidrGroup':
      return far(`the CIDR group ${peer.name}${exceptText(peer.except)}`);
    case 'cidrGroupSelector':
      return far(`CIDR groups with ${formatSelector(peer.selector)}${exceptText(peer.except)}`);
    case 'fqdn':
      return far(`addresses of ${'matchName' in peer ? peer.matchName : peer.matchPattern}`);
    case 'service':
      return far('a service, which nobody has resolved');
    case 'group':
      return far('a group of a cloud provider, which nobody has resolved');
  }
}

const exceptText = (except: readonly string[]): string =>
  except.length === 0 ? '' : ` except ${listed(except)}`;

function selectorGap(
  kind: 'subject' | 'peer',
  who: 'endpoints' | 'nodes',
  { requirements }: LabelSelector,
  known: KnownIdentity,
): Gap {
  const { labels, node, outside } = known;
  const unmet = requirements.filter((requirement) => !meets(requirement, labels));
  const asked = unmet.map(formatRequirement).join(', ');
  if (who === 'nodes' && !node)
    return { kind, asked: `nodes${asked && ` with ${asked}`}`, has: 'is an endpoint', size: FAR };
  if (unmet.length === 0) return { kind, asked: 'endpoints', has: 'is a node', size: FAR };
  if (outside) return { kind, asked, has: 'is outside of the cluster', size: FAR + 1 };
  const has = unmet.map(({ source, key }) => heldText(labels, source, key));
  return { kind, asked, has: `has ${[...new Set(has)].join(', ')}`, size: unmet.length };
}

/** What an identity has under a key. */
function heldText(labels: readonly Label[], source: string, key: string): string {
  const found = labels.filter((label) => label.key === key);
  if (found.length === 0) return source === RESERVED_SOURCE ? `no label ${source}:${key}` : `no label ${key}`;
  const elsewhere = source !== ANY_SOURCE && found.every((label) => label.source !== source);
  return found
    .map((label) => {
      const name = elsewhere ? `${label.source}:${key}` : key;
      return label.value === '' ? name : `${name}=${label.value}`;
    })
    .join(', ');
}
