/**
 * The policy of one subject: its chains in both directions, what of them is in force, and what has changed since somebody
 * asked. Where the entries do not fit or contradict each other they are not put in force: the last that were good stay, or
 * everything is denied, as it was configured.
 */
import type { Direction } from '../rules/rule.ts';
import { type Chain, type ChainEntry, EMPTY_CHAIN, sameEntry } from './chain.ts';
import type { CompiledRule, CompiledSection } from './compiled-rule.ts';
import { type Conflict, findConflicts, redirecting } from './conflicts.ts';
import { DirectionPolicy, type PolicyEnvironment } from './direction-policy.ts';
import type { EntryKey, PolicyEntry } from './entry.ts';
import type { KnownIdentity } from './known-identity.ts';
import { portOf, prefixOf, protocolOf } from './l4-key.ts';
import type { CachedSelector, SelectorCache } from './selector-cache.ts';

/** What is in force where the wanted entries cannot be. */
export type SafeState = 'keep-last-good' | 'deny';

/** Whether the wanted entries are in force, and if not, why. */
export type PolicyStatus =
  | { readonly kind: 'ok'; readonly entries: number }
  | {
      readonly kind: 'overflow';
      readonly entries: number;
      readonly capacity: number;
      readonly inForce: SafeState;
    }
  | { readonly kind: 'conflict'; readonly conflicts: readonly PolicyConflict[]; readonly inForce: SafeState };

/** A conflict in one direction. */
export type PolicyConflict = Conflict & { readonly direction: Direction };

/** What has to be done to a policy map. */
export interface PolicyChange {
  readonly identity: number;
  readonly status: PolicyStatus;
  readonly upserted: readonly PolicyEntry[];
  readonly removed: readonly EntryKey[];
}

export interface SubjectOptions {
  /** How many entries the policy map holds. */
  readonly capacity: number;
  readonly safeState: SafeState;
}

const DIRECTIONS = ['ingress', 'egress'] as const;

/** Chains of one direction of before, as far as they are needed. */
interface ChainMaps {
  /** What was in force when changes were last taken, of the identities whose chains have been touched since. */
  readonly taken: Map<number, Chain>;
  /** What was there before the present change. */
  readonly before: Map<number, Chain>;
  /** While something is wrong: what was there when all was well. */
  readonly good: Map<number, Chain>;
}

interface Side extends ChainMaps {
  readonly policy: DirectionPolicy;
}

export class SubjectPolicy {
  readonly subject: KnownIdentity;
  readonly #cache: SelectorCache;
  readonly #options: SubjectOptions;
  readonly #sides: Readonly<Record<Direction, Side>>;
  #size = 0;
  #status: PolicyStatus = { kind: 'ok', entries: 0 };
  /** The kind of status when changes were last taken. */
  #told: PolicyStatus['kind'] = 'ok';
  #conflicts: readonly PolicyConflict[] = [];
  /** Whether ports that peers have names for are redirected: then who comes or goes may make or end a conflict. */
  #redirectsByName = false;
  /**
   * Whether it is new, and nobody has been told of it: all that is in force is a change then. That is only written down when
   * something is asked or changes, for most policies are made to be looked at once.
   */
  #untold = true;

  constructor(
    subject: KnownIdentity,
    rules: readonly CompiledRule[],
    environment: PolicyEnvironment,
    options: SubjectOptions,
  ) {
    this.subject = subject;
    this.#cache = environment.cache;
    this.#options = options;
    const side = (direction: Direction): Side => {
      const maps: ChainMaps = { taken: new Map(), before: new Map(), good: new Map() };
      const changed = (id: number, before: Chain, after: Chain) =>
        this.#chainChanged(maps, id, before, after);
      return Object.assign(maps, { policy: new DirectionPolicy(direction, subject, environment, changed) });
    };
    this.#sides = { ingress: side('ingress'), egress: side('egress') };
    this.#exchange(rules, []);
    this.#status = this.#judge();
    if (this.#status.kind === 'ok') return;
    // There was nothing good before.
    for (const { policy, good } of Object.values(this.#sides)) {
      for (const id of policy.chains.keys()) good.set(id, EMPTY_CHAIN);
    }
  }

  get status(): PolicyStatus {
    return this.#status;
  }

  /** Whether what no rule allows is denied, in each direction. */
  get enforced(): Readonly<Record<Direction, boolean>> {
    return { ingress: this.#sides.ingress.policy.enforced, egress: this.#sides.egress.policy.enforced };
  }

  /** The policy of a direction, to look at. */
  direction(direction: Direction): DirectionPolicy {
    return this.#sides[direction].policy;
  }

  /** Takes rules in and out. */
  updateRules(added: readonly CompiledRule[], removed: readonly CompiledRule[]): void {
    this.#noteFirst();
    this.#exchange(added, removed);
    this.#settle();
  }

  /** An identity has come or become another, in one step: the safe state must not take what lies between for good. */
  setIdentity(known: KnownIdentity, matched: readonly CachedSelector[]): void {
    this.#noteFirst();
    for (const direction of DIRECTIONS) this.#sides[direction].policy.setIdentity(known, matched);
    if (this.#redirectsByName) this.#findConflicts();
    this.#settle();
  }

  removeIdentity(id: number): void {
    this.#noteFirst();
    for (const direction of DIRECTIONS) this.#sides[direction].policy.removeIdentity(id);
    if (this.#redirectsByName) this.#findConflicts();
    this.#settle();
  }

  /** What is in force, in the order of direction, identity and key. */
  entries(): PolicyEntry[] {
    return DIRECTIONS.flatMap((direction) => {
      const { policy, good } = this.#sides[direction];
      const ids = [...policy.chains.keys()];
      for (const id of good.keys()) if (!policy.chains.has(id)) ids.push(id);
      const entries: PolicyEntry[] = [];
      for (const id of ids.sort((a, b) => a - b)) {
        for (const entry of this.#inForce(direction, id).entries)
          entries.push(policyEntry(direction, id, entry));
      }
      return entries;
    });
  }

  /** What has changed in what is in force, or in the kind of status, since this was last asked; undefined for nothing. */
  takeChange(): PolicyChange | undefined {
    this.#noteFirst();
    const upserted: PolicyEntry[] = [];
    const removed: EntryKey[] = [];
    for (const direction of DIRECTIONS) {
      const side = this.#sides[direction];
      for (const [id, before] of side.taken) {
        const after = this.#inForce(direction, id);
        for (const entry of after.entries) {
          // Most often a peer comes or goes as a whole: then there is nothing to compare with.
          const same = before.entries.length > 0 && sameEntry(entry, before.index.get(entry.key));
          if (!same) upserted.push(policyEntry(direction, id, entry));
        }
        for (const { key } of before.entries) {
          const gone = after.entries.length === 0 || !after.index.get(key);
          if (gone) removed.push(entryKey(direction, id, key));
        }
      }
      side.taken.clear();
    }
    // That entries do not fit has to be heard of also where the last good ones stay, so that nothing else is to be done.
    if (upserted.length === 0 && removed.length === 0 && this.#status.kind === this.#told) return undefined;
    this.#told = this.#status.kind;
    return { identity: this.subject.identity.id, status: this.#status, upserted, removed };
  }

  /** Takes the place of another policy: its changes are from now on those against what was last taken from the other. */
  replace(previous: SubjectPolicy): void {
    previous.#noteFirst();
    this.#untold = false;
    this.#told = previous.#told;
    for (const direction of DIRECTIONS) {
      const { taken, policy } = previous.#sides[direction];
      const mine = this.#sides[direction];
      for (const id of [...policy.chains.keys(), ...previous.#sides[direction].good.keys()]) {
        remember(taken, id, previous.#inForce(direction, id));
      }
      mine.taken.clear();
      for (const [id, chain] of taken) mine.taken.set(id, chain);
      for (const id of mine.policy.chains.keys()) remember(mine.taken, id, EMPTY_CHAIN);
    }
  }

  /** Gives back what it holds in the cache. */
  close(): void {
    for (const direction of DIRECTIONS) this.#sides[direction].policy.close();
  }

  /** Writes down that nothing of this was in force before. */
  #noteFirst(): void {
    if (!this.#untold) return;
    this.#untold = false;
    for (const { policy, taken } of Object.values(this.#sides)) {
      for (const id of policy.chains.keys()) remember(taken, id, EMPTY_CHAIN);
    }
  }

  #exchange(added: readonly CompiledRule[], removed: readonly CompiledRule[]): void {
    for (const direction of DIRECTIONS) {
      const gained = sectionsOf(added, direction);
      const lost = sectionsOf(removed, direction);
      if (gained.length > 0 || lost.length > 0) this.#sides[direction].policy.update(gained, lost);
    }
    this.#findConflicts();
  }

  #findConflicts(): void {
    this.#redirectsByName = false;
    this.#conflicts = DIRECTIONS.flatMap((direction) => {
      const filters = [...redirecting(this.#sides[direction].policy, this.#cache)];
      if (filters.some(({ named }) => named.length > 0)) this.#redirectsByName = true;
      return findConflicts(filters).map((conflict) => ({ ...conflict, direction }));
    });
  }

  #chainChanged(side: ChainMaps, id: number, before: Chain, after: Chain): void {
    this.#size += after.entries.length - before.entries.length;
    if (!this.#untold) remember(side.before, id, before);
  }

  #inForce(direction: Direction, id: number): Chain {
    const { policy, good } = this.#sides[direction];
    if (this.#status.kind === 'ok') return policy.chains.get(id) ?? EMPTY_CHAIN;
    if (this.#options.safeState === 'deny') return EMPTY_CHAIN;
    return good.get(id) ?? policy.chains.get(id) ?? EMPTY_CHAIN;
  }

  /** Ends a change: decides what is in force from now on, and remembers what was. */
  #settle(): void {
    const status = this.#judge();
    const wasGood = this.#status.kind === 'ok';
    const isGood = status.kind === 'ok';
    for (const direction of DIRECTIONS) {
      const side = this.#sides[direction];
      if (wasGood) {
        for (const [id, chain] of side.before) remember(side.taken, id, chain);
        if (!isGood) {
          for (const [id, chain] of side.before) side.good.set(id, chain);
          if (this.#options.safeState === 'deny') {
            for (const [id, chain] of side.policy.chains)
              if (!side.before.has(id)) remember(side.taken, id, chain);
          }
        }
      } else {
        for (const [id, chain] of side.before) remember(side.good, id, chain);
        if (isGood) {
          const keep = this.#options.safeState === 'keep-last-good';
          if (keep) for (const [id, chain] of side.good) remember(side.taken, id, chain);
          else for (const id of side.policy.chains.keys()) remember(side.taken, id, EMPTY_CHAIN);
          side.good.clear();
        }
      }
      side.before.clear();
    }
    this.#status = status;
  }

  #judge(): PolicyStatus {
    const { capacity, safeState: inForce } = this.#options;
    if (this.#conflicts.length > 0) return { kind: 'conflict', conflicts: this.#conflicts, inForce };
    if (this.#size > capacity) return { kind: 'overflow', entries: this.#size, capacity, inForce };
    return { kind: 'ok', entries: this.#size };
  }
}

function remember(chains: Map<number, Chain>, id: number, chain: Chain): void {
  if (!chains.has(id)) chains.set(id, chain);
}

function sectionsOf(rules: readonly CompiledRule[], direction: Direction): CompiledSection[] {
  const found: CompiledSection[] = [];
  for (const { sections } of rules) {
    for (const section of sections) if (section.direction === direction) found.push(section);
  }
  return found;
}

const entryKey = (direction: Direction, identity: number, key: number): EntryKey => ({
  direction,
  identity,
  protocol: protocolOf(key),
  port: portOf(key),
  portPrefix: prefixOf(key),
});

/** Written out, for there are many: copying the fields of an entry one does not know is ten times as slow. */
function policyEntry(direction: Direction, identity: number, entry: ChainEntry): PolicyEntry {
  const { key, action, redirect, audit, authentication, precedence, cookies } = entry;
  const protocol = protocolOf(key);
  const port = portOf(key);
  const portPrefix = prefixOf(key);
  const plain = { direction, identity, protocol, port, portPrefix, action, audit, precedence, cookies };
  if (redirect === undefined && authentication === undefined) return plain;
  return { ...plain, ...(redirect && { redirect }), ...(authentication && { authentication }) };
}
