/**
 * The oracle: what the policy says of one packet, by reading all rules anew for each question. It shares no code with the
 * engine, keeps nothing and orders nothing, so that it can be checked by reading. Semantics in the order of `verdict()`:
 *   - mode `never`: no rule counts. Otherwise rules without audit mode decide; all rules tell what audit mode would have done.
 *   - a deny element that matches peer and port wins; else an allow element that does; else the direction's default.
 *   - what is allowed is redirected when an element that allows it has L7 rules; one without L7 rules lifts them all.
 */
import ipaddr from 'ipaddr.js';
import type { Identity } from '../identity/identity.ts';
import type { Label } from '../labels/label.ts';
import type { LabelSelector } from '../labels/selector.ts';
import type { L7Rules } from '../rules/l7.ts';
import {
  type CidrGroup,
  type Direction,
  type Entity,
  type Peer,
  type Port,
  PROTOCOL_NUMBERS,
  type Rule,
  type RuleElement,
} from '../rules/rule.ts';

/** Everything that a verdict depends on. */
export interface World {
  readonly rules: readonly Rule[];
  readonly cidrGroups: readonly CidrGroup[];
  readonly identities: readonly Identity[];
  readonly options: {
    readonly enforcement: 'default' | 'always' | 'never';
    readonly allowLocalhost: boolean;
    readonly clusterName: string;
  };
}

/** A packet, as one endpoint sees it. The port is that of the receiving end; for ICMP the type. */
export interface Question {
  readonly subject: number;
  readonly direction: Direction;
  readonly peer: number;
  readonly protocol: number;
  readonly port: number;
}

export interface Answer {
  readonly action: 'allow' | 'deny' | 'default-deny';
  /** Allowed, yet denied if rules in audit mode counted. */
  readonly audit: boolean;
  /** null: no proxy may see the packet. `all`: a proxy may, and lets everything pass. Rules: a proxy must, and checks these. */
  readonly l7: null | 'all' | ReadonlySet<L7Rules>;
  /** The parsers that a redirect may go to. */
  readonly parsers: ReadonlySet<string>;
  /** The elements that made the action what it is; of an audited one also those that would have denied. */
  readonly deciding: ReadonlySet<RuleElement>;
}

/** The verdict on one packet. */
export function verdict(world: World, question: Question): Answer {
  const nothing = { audit: false, l7: null, parsers: new Set<string>(), deciding: new Set<RuleElement>() };
  if (world.options.enforcement === 'never') return { ...nothing, action: 'allow' };
  const decided = decide(
    world,
    question,
    world.rules.filter(({ audit }) => !audit),
  );
  if (decided.action !== 'allow' || !world.rules.some(({ audit }) => audit)) return decided;
  const audited = decide(world, question, world.rules);
  if (audited.action === 'allow') return decided;
  return { ...decided, audit: true, deciding: new Set([...decided.deciding, ...audited.deciding]) };
}

/** The verdict by these rules, as though none were in audit mode. */
function decide(world: World, question: Question, rules: readonly Rule[]): Answer {
  const { direction } = question;
  const subject = identityOf(world, question.subject);
  const peer = identityOf(world, question.peer);
  const sections = rules.filter((rule) => isSubject(rule, subject)).flatMap((rule) => rule[direction] ?? []);
  const elements = sections.flatMap((section) => section.elements);
  const required = elements.flatMap((element) => element.requires ?? []);
  const portOwner = direction === 'ingress' ? subject : peer;

  const answer = { audit: false, l7: null, parsers: new Set<string>() };
  const matching = elements.filter(
    (element) =>
      (element.ports === undefined ||
        element.ports.some(({ ports }) => ports.some((port) => isPort(port, question, portOwner)))) &&
      (element.peers === undefined || element.peers.some((one) => isPeer(world, one, required, peer))),
  );

  const denying = matching.filter(({ action }) => action === 'deny');
  if (denying.length > 0) return { ...answer, action: 'deny', deciding: new Set(denying) };

  const allowing = matching.filter(({ action }) => action === 'allow');
  const localhost =
    world.options.allowLocalhost &&
    direction === 'ingress' &&
    has(peer, 'reserved', 'host') &&
    !isNode(subject);
  if (allowing.length > 0 || localhost) {
    // One entry for each alternative that lets the packet pass: its L7 rules, or null for none.
    const ways = allowing.flatMap((element): (L7Rules | null)[] =>
      element.ports === undefined
        ? [null]
        : element.ports
            .filter(({ ports }) => ports.some((port) => isPort(port, question, portOwner)))
            .map(({ l7 }) => l7 ?? null),
    );
    const checks = ways.filter((way) => way !== null);
    const everything = localhost || checks.length < ways.length;
    return {
      ...answer,
      action: 'allow',
      l7: checks.length === 0 ? null : everything ? 'all' : new Set(checks),
      parsers: new Set(checks.map(({ parser }) => parser)),
      deciding: new Set(allowing),
    };
  }

  const enforced =
    world.options.enforcement === 'always' ||
    has(subject, 'reserved', 'init') ||
    sections.some(({ defaultDeny }) => defaultDeny);
  return { ...answer, action: enforced ? 'default-deny' : 'allow', deciding: new Set() };
}

function identityOf(world: World, id: number): Identity {
  const identity = world.identities.find((one) => one.id === id);
  if (identity === undefined) throw new Error(`The question names identity ${id}, which the world lacks.`);
  return identity;
}

const has = (identity: Identity, source: string, key: string): boolean =>
  identity.labels.some((label) => label.source === source && label.key === key);

const hasSource = (identity: Identity, source: string): boolean =>
  identity.labels.some((label) => label.source === source);

const isNode = (identity: Identity): boolean =>
  has(identity, 'reserved', 'host') || has(identity, 'reserved', 'remote-node');

function isSubject({ subject }: Rule, identity: Identity): boolean {
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

function isPort(port: Port, question: Question, owner: Identity): boolean {
  if (PROTOCOL_NUMBERS[port.protocol] !== question.protocol) return false;
  if (port.kind === 'range') return port.first <= question.port && question.port <= port.last;
  const named = (owner.namedPorts ?? []).filter(
    ({ name, protocol }) => name === port.name && protocol === port.protocol,
  );
  return named.some((one) => one.port === question.port);
}

function isPeer(world: World, peer: Peer, required: readonly LabelSelector[], identity: Identity): boolean {
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
      return world.cidrGroups
        .filter(({ name }) => name === peer.name)
        .some(({ cidrs }) => cidrs.some((cidr) => isWithin(cidr, peer.except, identity)));
    case 'cidrGroupSelector':
      return world.cidrGroups
        .filter(({ labels }) => meetsAll(peer.selector, labels))
        .some(({ cidrs }) => cidrs.some((cidr) => isWithin(cidr, peer.except, identity)));
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
