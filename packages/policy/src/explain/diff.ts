/**
 * The difference between two sets of policies: which pairs of identities fare otherwise, on which ports, and which rules decide
 * before and after. The dry run of a change. Both repositories must have the same identities under the same numbers.
 *
 * Only pairs with entries that differ at one of their ends are looked at, and of their ports one of each region.
 */
import type { PolicyEntry } from '../engine/entry.ts';
import type { PolicyRepository } from '../engine/repository.ts';
import type { PolicyStatus } from '../engine/subject-policy.ts';
import { ANY_IDENTITY, type Identity } from '../identity/identity.ts';
import type { Direction } from '../rules/rule.ts';
import type { Question } from './gaps.ts';
import { groupBy } from './group.ts';
import { PolicyView } from './policy-view.ts';
import { foldRanges, type PortRange } from './port-range.ts';
import { portRegions } from './port-regions.ts';
import { proxyRulesFor } from './proxy-rules.ts';
import { type RuleReference, referencesTo } from './rule-reference.ts';
import { combineVerdicts, hasPolicy, type Verdict, verdictOf } from './trace.ts';

/** How a pair fares on one side of the comparison. */
export interface SideVerdict {
  readonly verdict: Verdict;
  /** Of a denied packet the ends that deny it; else both. */
  readonly directions: readonly Direction[];
  /** The rules that decided there; none: a default. */
  readonly rules: readonly RuleReference[];
}

/** What has changed for a pair on some ports. */
export interface PortChange {
  readonly ports: readonly PortRange[];
  /** Where `ports` is everything: what is left out of it. */
  readonly except: readonly PortRange[];
  readonly before: SideVerdict;
  readonly after: SideVerdict;
}

/** A pair that fares otherwise. */
export interface PairChange {
  readonly from: number;
  readonly to: number;
  readonly changes: readonly PortChange[];
}

/** An identity whose policy is in force on one side only, or not in force for another reason. */
export interface StatusChange {
  readonly identity: number;
  readonly before: PolicyStatus;
  readonly after: PolicyStatus;
}

/** See the head of this file. */
export interface PolicyDiff {
  readonly pairs: readonly PairChange[];
  readonly statuses: readonly StatusChange[];
  /** How many pairs there are, and how many had to be looked at. */
  readonly compared: { readonly pairs: number; readonly examined: number };
}

/** Compares two sets of policies. */
export function diff(before: PolicyRepository, after: PolicyRepository): PolicyDiff {
  const known = after.identities().filter(({ id }) => before.identity(id));
  const identities = new Map(known.map((identity) => [identity.id, identity]));
  const subjects = new Map(
    known.filter(hasPolicy).map((identity) => [identity.id, new Subject(identity, before, after)]),
  );
  const ids = [...identities.keys()];
  const suspects = new Map<number, Set<number>>();
  for (const [id, subject] of subjects) {
    for (const peer of subject.changedPeers('egress', ids)) addTo(suspects, id, peer);
    for (const peer of subject.changedPeers('ingress', ids)) addTo(suspects, peer, id);
  }
  const pairs: PairChange[] = [];
  let examined = 0;
  for (const [from, receivers] of [...suspects].sort(([a], [b]) => a - b)) {
    for (const to of [...receivers].sort((a, b) => a - b)) {
      const [sender, receiver] = [identities.get(from), identities.get(to)];
      if (!sender || !receiver) continue;
      examined += 1;
      const pair = comparePair(sender, receiver, subjects);
      if (pair) pairs.push(pair);
    }
  }
  const outside = known.length - subjects.size;
  return {
    pairs,
    statuses: [...subjects.values()].flatMap((subject) => subject.statusChange() ?? []),
    compared: { pairs: known.length ** 2 - outside ** 2, examined },
  };
}

function addTo(pairs: Map<number, Set<number>>, from: number, to: number): void {
  const receivers = pairs.get(from);
  if (receivers) receivers.add(to);
  else pairs.set(from, new Set([to]));
}

/** An identity's policy before and after. */
class Subject {
  readonly identity: Identity;
  readonly before: PolicyView;
  readonly after: PolicyView;

  constructor(identity: Identity, before: PolicyRepository, after: PolicyRepository) {
    this.identity = identity;
    this.before = new PolicyView(before, identity.id);
    this.after = new PolicyView(after, identity.id);
  }

  /** Those among the peers for whom the entries of the two sides differ in what they let pass. */
  changedPeers(direction: Direction, peers: readonly number[]): readonly number[] {
    const differs = (peer: number): boolean =>
      this.before.signature(direction, peer) !== this.after.signature(direction, peer);
    if (differs(ANY_IDENTITY)) return peers;
    const own = new Set([...this.before.peers(direction), ...this.after.peers(direction)]);
    return [...own].filter(differs);
  }

  statusChange(): StatusChange | undefined {
    const { status: before } = this.before.resolved;
    const { status: after } = this.after.resolved;
    return before.kind === after.kind ? undefined : { identity: this.identity.id, before, after };
  }
}

/** One end of a pair: its policy, and who is at the other end. */
interface End {
  readonly direction: Direction;
  readonly subject: Subject;
  readonly peer: Identity;
}

/** What a pair is told on one side, with a text that is equal where it fares equally. */
interface Side extends SideVerdict {
  readonly outcome: string;
}

function comparePair(
  from: Identity,
  to: Identity,
  subjects: ReadonlyMap<number, Subject>,
): PairChange | undefined {
  const ends: End[] = [
    { direction: 'egress' as const, subject: subjects.get(from.id), peer: to },
    { direction: 'ingress' as const, subject: subjects.get(to.id), peer: from },
  ].flatMap(({ direction, subject, peer }) => (subject ? [{ direction, subject, peer }] : []));
  const entries = ends.flatMap(({ direction, subject, peer }) =>
    [subject.before, subject.after].flatMap((view) => view.entriesFor(direction, peer.id)),
  );
  const regions = portRegions(entries).map(({ range, protocol, port }) => ({
    range,
    before: sideOf(ends, 'before', protocol, port),
    after: sideOf(ends, 'after', protocol, port),
  }));
  const changed = regions.filter(({ before, after }) => before.outcome !== after.outcome);
  if (changed.length === 0) return undefined;
  const changes = groupBy(changed, ({ before, after }) => `${sideKey(before)} ${sideKey(after)}`).map(
    (same) => ({
      ...portsOf(
        new Set(same.map(({ range }) => range)),
        regions.map(({ range }) => range),
      ),
      before: withoutOutcome(same[0].before),
      after: withoutOutcome(same[0].after),
    }),
  );
  return { from: from.id, to: to.id, changes };
}

function sideOf(ends: readonly End[], side: 'before' | 'after', protocol: number, port: number): Side {
  const found = ends.map(({ direction, subject, peer }) => {
    const view = subject[side];
    const entry = view.lookup(direction, peer.id, protocol, port);
    const question = { direction, subject: subject.identity, peer, protocol, port };
    return { view, question, entry, verdict: verdictOf(entry) };
  });
  const verdict = combineVerdicts(found.map((end) => end.verdict));
  const deciding = verdict === 'denied' ? found.filter((end) => end.verdict === 'denied') : found;
  return {
    verdict,
    directions: deciding.map(({ question }) => question.direction),
    rules: deciding.flatMap(({ view, entry }) => referencesTo(view.repository, entry?.cookies ?? [])),
    outcome:
      verdict === 'denied'
        ? verdict
        : JSON.stringify(found.map(({ view, question, entry }) => outcomeOf(view, question, entry))),
  };
}

/** What happens to a packet that passes one end. */
function outcomeOf(view: PolicyView, question: Question, entry: PolicyEntry | undefined): unknown {
  if (!entry) return undefined;
  const { redirect, audit, authentication = 'disabled' } = entry;
  if (!redirect) return [audit, authentication];
  const rules = proxyRulesFor(view.repository, view.resolved, question);
  const open = rules.some(({ l7 }) => l7 === undefined);
  const checked = open ? 'everything' : [...new Set(rules.map(({ l7 }) => JSON.stringify(l7)))].sort();
  return [audit, authentication, redirect, checked];
}

const sideKey = ({ verdict, directions, rules }: Side): string =>
  JSON.stringify([verdict, directions, rules.map(({ cookie }) => cookie)]);

const withoutOutcome = ({ verdict, directions, rules }: Side): SideVerdict => ({
  verdict,
  directions,
  rules,
});

/** Some of all regions: those themselves, or, where the other protocols are among them, everything but the rest. */
function portsOf(
  some: ReadonlySet<PortRange>,
  all: readonly PortRange[],
): Pick<PortChange, 'ports' | 'except'> {
  const everything = [...some].find(({ protocol }) => protocol === 0);
  if (!everything) return { ports: foldRanges([...some]), except: [] };
  return { ports: [everything], except: foldRanges(all.filter((range) => !some.has(range))) };
}
