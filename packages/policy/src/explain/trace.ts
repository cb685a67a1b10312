/**
 * The trace of a packet: what the policies of both ends say to it, which entry decided in the kernel's order of probes, which rules
 * made that entry, and, where it was denied, which rules came closest to allowing it. The probes go over the entries that are
 * in force: what is traced is what runs.
 */
import { WaggleError } from '@waggle/bpf';
import type { PolicyEntry, Redirect } from '../engine/entry.ts';
import { knownIdentity } from '../engine/known-identity.ts';
import { PolicyMap, type Probe } from '../engine/lookup.ts';
import type { PolicyRepository, ResolvedPolicy } from '../engine/repository.ts';
import type { PolicyStatus } from '../engine/subject-policy.ts';
import type { Identity } from '../identity/identity.ts';
import type { Direction } from '../rules/rule.ts';
import type { Question } from './gaps.ts';
import { isAllowedBySome, type NearMiss, nearMisses } from './near-miss.ts';
import { type ProxyRuleReference, proxyRulesFor } from './proxy-rules.ts';
import { type RuleReference, referencesTo } from './rule-reference.ts';

/** A packet, by the identities of its two ends. */
export interface TraceRequest {
  readonly from: number;
  readonly to: number;
  /** IANA's number. */
  readonly protocol: number;
  /** The type for ICMP, 0 for protocols without ports. */
  readonly port: number;
  /** Only the policy of the one end: egress of `from`, or ingress of `to`. Default: both. */
  readonly direction?: Direction;
}

/**
 * What happens to the packet. `audited`: it passes, but rules in audit mode would drop it. `redirected`: it passes by a proxy, which
 * may yet refuse what is in it.
 */
export type Verdict = 'allowed' | 'audited' | 'redirected' | 'denied';

/**
 * Who decided.
 * - `rule`: the rules named.
 * - `default`: no rule; what is not enforced is allowed, what is enforced is denied.
 * - `host`: this host may reach its endpoints whatever the rules say.
 * - `safe state`: the policy could not be put in force, see the status.
 * - `no policy`: the subject is no endpoint; nothing is checked there.
 */
export type Decider = 'rule' | 'default' | 'host' | 'safe state' | 'no policy';

/** What one end's policy says. */
export interface DirectionTrace {
  readonly direction: Direction;
  /** Whose policy it is, and who is at the other end. */
  readonly subject: number;
  readonly peer: number;
  readonly verdict: Verdict;
  readonly decidedBy: Decider;
  /** Whether what no rule allows is denied. */
  readonly enforced: boolean;
  readonly status: PolicyStatus;
  /** In the kernel's order, until one found something. */
  readonly probes: readonly Probe[];
  /** What they found. */
  readonly entry?: PolicyEntry;
  /** The rules that made the entry; of an audited packet, those that would drop it. */
  readonly rules: readonly RuleReference[];
  /** What a proxy has to check, of a packet that is redirected. */
  readonly proxy?: { readonly redirect: Redirect; readonly rules: readonly ProxyRuleReference[] };
  /** For a packet that no rule allows: the rules that nearly do. */
  readonly nearest: readonly NearMiss[];
}

/** See the head of this file. */
export interface Trace extends TraceRequest {
  /** What comes of both ends. */
  readonly verdict: Verdict;
  /** Egress of the sender, then ingress of the receiver. */
  readonly directions: readonly DirectionTrace[];
}

/**
 * Traces a packet.
 *
 * @throws {@link WaggleError} NOT_FOUND for a number that is no identity.
 */
export function trace(repository: PolicyRepository, request: TraceRequest): Trace {
  const from = identityOf(repository, request.from);
  const to = identityOf(repository, request.to);
  const { protocol, port } = request;
  const both: Question[] = [
    { direction: 'egress', subject: from, peer: to, protocol, port },
    { direction: 'ingress', subject: to, peer: from, protocol, port },
  ];
  const directions = both
    .filter(({ direction }) => request.direction === undefined || direction === request.direction)
    .map((question) => traceDirection(repository, question));
  return { ...request, verdict: combineVerdicts(directions.map(({ verdict }) => verdict)), directions };
}

/** Whether an identity has a policy of its own: what is outside, and other nodes, are only peers. */
export function hasPolicy(identity: Identity): boolean {
  const { outside, reserved } = knownIdentity(identity, 0);
  return !outside && !['remote-node', 'kube-apiserver', 'unmanaged'].some((name) => reserved.has(name));
}

const SEVERITY: readonly Verdict[] = ['allowed', 'audited', 'redirected', 'denied'];

/** The verdict of several policies, all of which must let a packet pass. */
export const combineVerdicts = (verdicts: readonly Verdict[]): Verdict =>
  SEVERITY[Math.max(0, ...verdicts.map((verdict) => SEVERITY.indexOf(verdict)))] ?? 'allowed';

/** The verdict of what the probes found. */
export function verdictOf(entry: PolicyEntry | undefined): Verdict {
  if (!entry || entry.action === 'deny') return 'denied';
  if (entry.action === 'redirect') return 'redirected';
  return entry.audit ? 'audited' : 'allowed';
}

function traceDirection(repository: PolicyRepository, question: Question): DirectionTrace {
  const { direction, subject, peer, protocol, port } = question;
  const ends = { direction, subject: subject.id, peer: peer.id };
  if (!hasPolicy(subject)) {
    const status: PolicyStatus = { kind: 'ok', entries: 0 };
    const nothing = { enforced: false, status, probes: [], rules: [], nearest: [] };
    return { ...ends, verdict: 'allowed', decidedBy: 'no policy', ...nothing };
  }
  const resolved = repository.resolve(subject.id);
  const probes = new PolicyMap(resolved.entries).probes(direction, peer.id, protocol, port);
  const entry = probes.at(-1)?.found;
  const rules = referencesTo(repository, entry?.cookies ?? []);
  const verdict = verdictOf(entry);
  const decidedBy = deciderOf(entry, resolved, direction);
  return {
    ...ends,
    verdict,
    decidedBy,
    enforced: resolved.enforced[direction],
    status: resolved.status,
    probes,
    ...(entry && { entry }),
    rules,
    ...(entry?.redirect && {
      proxy: { redirect: entry.redirect, rules: proxyRulesFor(repository, resolved, question) },
    }),
    nearest: verdict === 'denied' && decidedBy !== 'safe state' ? nearestTo(repository, question) : [],
  };
}

const nearestTo = (repository: PolicyRepository, question: Question): NearMiss[] =>
  isAllowedBySome(repository, question) ? [] : nearMisses(repository, question);

function deciderOf(entry: PolicyEntry | undefined, resolved: ResolvedPolicy, direction: Direction): Decider {
  if (entry && entry.cookies.length > 0) return 'rule';
  if (!entry && resolved.status.kind !== 'ok') return 'safe state';
  if (!entry || entry.audit) return 'default';
  return resolved.enforced[direction] ? 'host' : 'default';
}

function identityOf(repository: PolicyRepository, id: number): Identity {
  const identity = repository.identity(id);
  if (identity) return identity;
  throw new WaggleError('NOT_FOUND', `There is no identity ${id}.`, {
    hint: 'Add it with setIdentity() first',
  });
}
