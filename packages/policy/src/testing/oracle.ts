/**
 * The oracle: what the policy says of one packet, by reading all rules anew for each question. It shares no code with the
 * engine, keeps nothing and orders nothing, so that it can be checked by reading. Semantics in the order of `verdict()`:
 *   - mode `never`: no rule counts. Otherwise rules without audit mode decide; all rules tell what audit mode would have done.
 *   - a deny element that matches peer and port wins; else an allow element that does; else the direction's default.
 *   - what is allowed is redirected when an element that allows it has L7 rules; one without L7 rules lifts them all.
 */
import type { Identity } from '../identity/identity.ts';
import type { L7Rules } from '../rules/l7.ts';
import {
  type CidrGroup,
  type Direction,
  PROTOCOL_NUMBERS,
  type Rule,
  type RuleElement,
} from '../rules/rule.ts';
import { has, isNobody, isNode, isPeer, isPort, isSubject, numbersOf } from './oracle-match.ts';

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

/** Whether rules that decide ask for two parsers on one port of a subject, whoever the peers are. */
export function hasConflict(world: World, subjectId: number, direction: Direction): boolean {
  const subject = identityOf(world, subjectId);
  const rules = world.rules.filter((rule) => !rule.audit && isSubject(rule, subject));
  const elements = rules.flatMap((rule) => rule[direction]?.elements ?? []);
  const required = elements.flatMap((element) => element.requires ?? []);
  const uses: { parser: string; protocol: number; first: number; last: number }[] = [];
  for (const { action, peers, ports } of elements) {
    if (action === 'deny' || peers?.every((peer) => isNobody(world, peer))) continue;
    const owners = world.identities.filter((one) =>
      direction === 'ingress'
        ? one === subject
        : peers === undefined || peers.some((peer) => isPeer(world, peer, required, one)),
    );
    for (const { ports: list, l7 } of ports ?? []) {
      for (const port of list) {
        if (!l7) continue;
        const protocol = PROTOCOL_NUMBERS[port.protocol];
        if (port.kind === 'range') uses.push({ ...port, parser: l7.parser, protocol });
        else {
          for (const number of owners.flatMap((owner) => numbersOf(port, owner))) {
            uses.push({ parser: l7.parser, protocol, first: number, last: number });
          }
        }
      }
    }
  }
  return uses.some((a) =>
    uses.some(
      (b) => a.parser !== b.parser && a.protocol === b.protocol && a.first <= b.last && b.first <= a.last,
    ),
  );
}

function identityOf(world: World, id: number): Identity {
  const identity = world.identities.find((one) => one.id === id);
  if (identity === undefined) throw new Error(`The question names identity ${id}, which the world lacks.`);
  return identity;
}
