/**
 * The explanation of an identity's policy: its whole table for people. Prefixes of ports become ranges again, peers for whom the same
 * is said share a row, and each row names the rules that made it.
 */
import { WaggleError } from '@waggle/bpf';
import type { PolicyEntry, Redirect } from '../engine/entry.ts';
import type { PolicyRepository } from '../engine/repository.ts';
import type { PolicyStatus } from '../engine/subject-policy.ts';
import { ANY_IDENTITY, type Identity } from '../identity/identity.ts';
import type { Authentication, Direction } from '../rules/rule.ts';
import { groupBy } from './group.ts';
import { foldRanges, type PortRange, rangeOf } from './port-range.ts';
import { type RuleReference, referencesTo, ruleName } from './rule-reference.ts';

/** What is said of some ports of some peers. */
export interface ExplainedRow {
  readonly direction: Direction;
  /** Identities, ascending; `everybody` for what is said of all that have no row of their own for the port. */
  readonly peers: 'everybody' | readonly number[];
  readonly ports: readonly PortRange[];
  readonly action: PolicyEntry['action'];
  readonly redirect?: Redirect;
  readonly audit: boolean;
  readonly authentication?: Authentication;
  /** Empty: no rule, but a default. */
  readonly rules: readonly RuleReference[];
}

/** Two rules that ask for different parsers on one port. */
export interface ExplainedConflict {
  readonly direction: Direction;
  readonly ports: PortRange;
  readonly parsers: readonly [string, string];
  readonly rules: readonly RuleReference[];
}

/** See the head of this file. */
export interface Explanation {
  readonly identity: Identity;
  /** The names of the rules that select it. */
  readonly selectedBy: readonly string[];
  readonly enforced: Readonly<Record<Direction, boolean>>;
  readonly status: PolicyStatus;
  readonly conflicts: readonly ExplainedConflict[];
  /** How many entries are in force. */
  readonly entries: number;
  /** Ingress first; what is said of everybody comes last in each direction. */
  readonly rows: readonly ExplainedRow[];
}

/**
 * Explains the policy of an identity.
 *
 * @throws {@link WaggleError} NOT_FOUND for a number that is no identity.
 */
export function explain(repository: PolicyRepository, id: number): Explanation {
  const identity = repository.identity(id);
  if (!identity) throw new WaggleError('NOT_FOUND', `There is no identity ${id}.`);
  const { enforced, status, entries } = repository.resolve(id);
  const selecting = repository.rulesFor(id).map(ruleName);
  return {
    identity,
    selectedBy: [...new Set(selecting)],
    enforced,
    status,
    conflicts: conflictsOf(repository, status),
    entries: entries.length,
    rows: rowsOf(repository, entries),
  };
}

function conflictsOf(repository: PolicyRepository, status: PolicyStatus): ExplainedConflict[] {
  if (status.kind !== 'conflict') return [];
  return status.conflicts.map(({ direction, protocol, port, portPrefix, parsers, cookies }) => ({
    direction,
    ports: rangeOf(protocol, port, portPrefix),
    parsers,
    rules: referencesTo(repository, cookies),
  }));
}

/** What is said of a peer on some ports; `entry` stands for all entries that say the same. */
interface PeerRow {
  readonly entry: PolicyEntry;
  readonly ports: readonly PortRange[];
}

function rowsOf(repository: PolicyRepository, entries: readonly PolicyEntry[]): ExplainedRow[] {
  const byPeer = groupBy(entries, (entry) => `${entry.identity} ${outcomeKey(entry)}`).map(
    (same): PeerRow => ({
      entry: same[0],
      ports: portsOf(same),
    }),
  );
  const shared = groupBy(
    byPeer,
    ({ entry, ports }) => `${entry.identity === ANY_IDENTITY} ${outcomeKey(entry)} ${JSON.stringify(ports)}`,
  );
  return shared.sort(([a], [b]) => compareRows(a, b)).map((same) => explained(repository, same));
}

/** What is said of all protocols takes in what is said of one. */
function portsOf(entries: readonly PolicyEntry[]): PortRange[] {
  const ranges = entries.map(({ protocol, port, portPrefix }) => rangeOf(protocol, port, portPrefix));
  const everything = ranges.find(({ protocol }) => protocol === 0);
  return everything ? [everything] : foldRanges(ranges);
}

/** Equal for entries that differ in their keys alone. */
const outcomeKey = ({ direction, action, redirect, audit, authentication, cookies }: PolicyEntry): string =>
  JSON.stringify([direction, action, redirect, audit, authentication, cookies]);

function compareRows(a: PeerRow, b: PeerRow): number {
  const place = ({ entry, ports }: PeerRow): number[] => [
    entry.direction === 'ingress' ? 0 : 1,
    entry.identity === ANY_IDENTITY ? Number.POSITIVE_INFINITY : entry.identity,
    // What is said of all protocols counts after what is said of one.
    ports[0]?.protocol || Number.POSITIVE_INFINITY,
    ports[0]?.first ?? 0,
  ];
  const [left, right] = [place(a), place(b)];
  const differs = left.findIndex((value, index) => value !== right[index]);
  return differs === -1 ? 0 : (left[differs] ?? 0) < (right[differs] ?? 0) ? -1 : 1;
}

function explained(repository: PolicyRepository, same: readonly [PeerRow, ...PeerRow[]]): ExplainedRow {
  const [{ entry, ports }] = same;
  const { direction, action, redirect, audit, authentication, cookies } = entry;
  return {
    direction,
    peers: entry.identity === ANY_IDENTITY ? 'everybody' : same.map((row) => row.entry.identity),
    ports,
    action,
    ...(redirect && { redirect }),
    audit,
    ...(authentication && { authentication }),
    rules: referencesTo(repository, cookies),
  };
}
