/**
 * The two sets of policies. One is in force. A change is written into the other one, which nobody asks; when that is complete, the
 * lowest bit of the generation turns, and everything that changed is in force at the same instant. Then the set of before
 * follows, as soon as no program can be reading it any more.
 *
 *     change:   [in force: A] [written: B]  ->  turn  ->  [A follows] [in force: B]
 *
 * While the two differ, a word in the kernel says so: whoever takes over after a crash first makes the set that is not in force
 * like the other one. What is in force is always one complete set.
 */
import { WaggleError } from '@waggle/bpf';
import {
  awaitPrograms,
  createMap,
  type MapOf,
  openMap,
  type PackedElements,
  programsEnded,
} from '@waggle/kernel';
import { Generation } from './connection.bpf.ts';
import { type DatapathMaps, fullError, fullMap } from './layout.ts';
import { policy, setOf } from './policy.bpf.ts';
import {
  difference,
  type PolicyDifference,
  type PolicyMapEntry,
  type PolicyMapKey,
  type PolicyMapTarget,
  packEntries,
  packKeys,
} from './policy-map.ts';
import { makeEmptyRows } from './policy-rows.ts';

/** A policy as it shall be, or what changes in it. */
export type PolicyUpdate<E extends PolicyMapEntry = PolicyMapEntry> = {
  /** Of the endpoints that it is for. */
  readonly identity: number;
} & (
  | {
      /** All entries; null takes the policy away, which drops everything. */
      readonly entries: readonly E[] | null;
      /** What each entry leads to; not needed without entries. */
      readonly target?: (entry: E) => PolicyMapTarget;
    }
  | {
      /** Entries that are new or different, of a policy that is there. */
      readonly upserted: readonly E[];
      readonly removed: readonly PolicyMapKey[];
      readonly target?: (entry: E) => PolicyMapTarget;
    }
);

/** What is to be done to a set for one identity. */
type Change =
  | { readonly identity: number; readonly kind: 'differ'; readonly difference: PolicyDifference }
  | { readonly identity: number; readonly kind: 'create'; readonly content: PackedElements }
  | { readonly identity: number; readonly kind: 'remove' };

/** Why the sets differ: changes that the set of before lacks, or, after a failure, nobody knows. */
type Debt =
  | { readonly kind: 'none' }
  | { readonly kind: 'changes'; readonly changes: readonly Change[] }
  | { readonly kind: 'unknown' };

const NO_DEBT: Debt = { kind: 'none' };
const UNKNOWN: Debt = { kind: 'unknown' };
const EMPTY: PackedElements = { keys: new Uint8Array(), values: new Uint8Array() };
const noCookie = (): PolicyMapTarget => ({ cookie: 0 });

type PolicyMap = MapOf<typeof policy>;

export class PolicySets {
  readonly #policies: DatapathMaps['policies'];
  readonly #generations: DatapathMaps['generations'];
  readonly #spec: typeof policy;
  #debt: Debt;
  /** The identity that gets empty policies on another thread. */
  #preparing: number | undefined;
  #settling = false;
  #closed = false;

  /** @param spec the declaration of one policy, with its size. */
  constructor(
    { policies, generations }: Pick<DatapathMaps, 'policies' | 'generations'>,
    spec: typeof policy,
  ) {
    this.#policies = policies;
    this.#generations = generations;
    this.#spec = spec;
    this.#debt = generations.get(Generation.Unsettled) === 0 ? NO_DEBT : UNKNOWN;
  }

  /** The identities that have a policy. */
  *identities(): Generator<number> {
    const set = this.inForce;
    for (const [owner] of this.#policies) if (owner.set === set) yield owner.identity;
  }

  /** The map of the policy that is in force; null without one. To be closed. */
  open(identity: number): PolicyMap | null {
    return this.#open(identity, this.inForce);
  }

  /**
   * Sees to it that the first policy of an identity will need no wait of this thread, unless that is being done for another one.
   * Until there is that policy, the identity has one without entries.
   */
  async prepare(identity: number): Promise<void> {
    const isThere = this.#policies.has({ identity, set: this.inForce });
    if (this.#preparing !== undefined || isThere || !this.#hasRoomFor(1)) return;
    this.#preparing = identity;
    // The rows do not come at the same instant.
    this.#generations.set(Generation.Unsettled, 1);
    // Why it fails is told to whoever writes the policy.
    const done = await makeEmptyRows(this.#policies, this.#spec, identity).catch(() => false);
    this.#preparing = undefined;
    if (!done) this.#debt = UNKNOWN;
    if (!this.#closed) this.#noteSettled();
  }

  /**
   * What has to be done so that policies are as they shall be. Nothing is changed yet.
   * @throws WaggleError NOT_FOUND for a difference to a policy that is not there; what codecs throw for entries.
   */
  plan<E extends PolicyMapEntry>(updates: Iterable<PolicyUpdate<E>>): Change[] {
    const byIdentity = new Map<number, Change | undefined>();
    for (const update of updates) {
      const { identity } = update;
      if (byIdentity.has(identity)) {
        throw new WaggleError('INVALID', `there are two policies for identity ${identity} in one change`);
      }
      byIdentity.set(identity, this.#planOne(update));
    }
    return [...byIdentity.values()].filter((change) => change !== undefined);
  }

  #planOne<E extends PolicyMapEntry>(update: PolicyUpdate<E>): Change | undefined {
    const { identity } = update;
    using map = this.open(identity);
    if ('upserted' in update) {
      if (!map)
        throw new WaggleError('NOT_FOUND', `identity ${identity} has no policy that could be changed`);
      const { upserted, removed, target = noCookie } = update;
      if (upserted.length === 0 && removed.length === 0) return undefined;
      return {
        identity,
        kind: 'differ',
        difference: { removed: packKeys(removed), upserted: packEntries(upserted, target) },
      };
    }
    const { entries, target = noCookie } = update;
    if (entries === null) return map ? { identity, kind: 'remove' } : undefined;
    const content = packEntries(entries, target);
    // What is there of a policy that is being prepared may be there in one set.
    if (!map || identity === this.#preparing) return { identity, kind: 'create', content };
    const found = difference(map.readPacked(), content);
    if (found.removed.length === 0 && found.upserted.keys.length === 0) return undefined;
    return { identity, kind: 'differ', difference: found };
  }

  /**
   * Writes changes into the set that is not in force.
   * @throws KernelError FULL and others; what is in force has not changed then.
   */
  write(changes: readonly Change[]): void {
    if (changes.length === 0) return;
    this.settle();
    this.#assertRoom(changes);
    this.#generations.set(Generation.Unsettled, 1);
    // Until this is done, only the kernel knows how far it got.
    this.#debt = UNKNOWN;
    this.#do(changes, 1 - this.inForce);
    this.#debt = { kind: 'changes', changes };
  }

  /** Puts what was written in force, all at once. */
  turn(): void {
    this.#turn();
    void this.#settleLater();
  }

  /**
   * Takes back what was written, also if that was turned already.
   * @param before the set that was in force.
   */
  undo(changes: readonly Change[], before: number): void {
    if (changes.length === 0 || this.#debt.kind === 'none') return;
    this.#debt = UNKNOWN;
    if (this.inForce !== before) this.#turn();
    void this.#settleLater();
  }

  /** A new generation of the same policies: all connections are decided anew. */
  decideAnew(): void {
    this.#generations.set(Generation.InForce, (this.#generation() + 2) >>> 0);
  }

  /** The set that is in force. */
  get inForce(): number {
    return setOf(this.#generation());
  }

  /** Makes the set that is not in force like the other one. Returns at once where it is. */
  settle(): void {
    if (this.#debt.kind === 'none') return;
    // Programs that were decided by the set of before may still run.
    awaitPrograms();
    this.#payDebt();
  }

  /** Settles, so that whoever comes next need not compare the sets. */
  close(): void {
    this.#closed = true;
    try {
      this.settle();
    } catch {
      // It is on record that the sets differ.
    }
  }

  /** Settles when the programs of now have ended. One such wait is under way at a time, however many changes come. */
  async #settleLater(): Promise<void> {
    if (this.#settling) return;
    this.#settling = true;
    for (let ended = true; ended && this.#debt.kind !== 'none'; ) {
      const debt = this.#debt;
      ended = await programsEnded();
      if (this.#closed) return;
      // Meanwhile somebody else may have seen to it, or caused another one, which is for programs that began later.
      if (!ended || this.#debt !== debt) continue;
      try {
        this.#payDebt();
      } catch {
        // There is nobody to tell; the next change tries again, and tells who wants it.
        break;
      }
    }
    this.#settling = false;
  }

  #payDebt(): void {
    const debt = this.#debt;
    const set = 1 - this.inForce;
    this.#debt = UNKNOWN;
    if (debt.kind === 'changes') this.#do(debt.changes, set);
    else this.#copyInForce(set);
    this.#debt = NO_DEBT;
    this.#noteSettled();
  }

  /** Puts on record that the sets are the same, if they are. */
  #noteSettled(): void {
    if (this.#debt.kind === 'none' && this.#preparing === undefined) {
      this.#generations.set(Generation.Unsettled, 0);
    }
  }

  /** Makes changes in a set that is not in force. */
  #do(changes: readonly Change[], set: number): void {
    this.#policies.deleteAll(
      changes.flatMap(({ kind, identity }) => (kind === 'remove' ? [{ identity, set }] : [])),
    );
    this.#create(
      changes.flatMap((change) => (change.kind === 'create' ? [change] : [])),
      set,
    );
    for (const change of changes) {
      if (change.kind !== 'differ') continue;
      using map = this.#open(change.identity, set);
      if (map) this.#write(map, change.identity, change.difference);
    }
  }

  /** Creates the maps of identities that have none. For all of them together the kernel has to wait only once. */
  #create(
    list: readonly { readonly identity: number; readonly content: PackedElements }[],
    set: number,
  ): void {
    if (list.length === 0) return;
    const rows: [{ identity: number; set: number }, PolicyMap][] = [];
    try {
      for (const { identity, content } of list) {
        const map = createMap(this.#spec);
        rows.push([{ identity, set }, map]);
        this.#write(map, identity, { removed: EMPTY.keys, upserted: content });
      }
      this.#policies.setAll(rows);
    } finally {
      for (const [, map] of rows) map.close();
    }
  }

  /** One map has both sets, so the kernel would find out only when the second one follows. */
  #assertRoom(changes: readonly Change[]): void {
    const created = changes.filter(({ kind }) => kind === 'create').length;
    if (created === 0) return;
    const removed = changes.filter(({ kind }) => kind === 'remove').length;
    if (!this.#hasRoomFor(created - removed)) {
      throw fullMap('the map of policies', this.#policies.maxEntries / 2, 'maxPolicies');
    }
  }

  #hasRoomFor(more: number): boolean {
    return [...this.identities()].length + more <= this.#policies.maxEntries / 2;
  }

  #write(map: PolicyMap, identity: number, { removed, upserted }: PolicyDifference): void {
    try {
      map.deletePacked(removed);
      map.setPacked(upserted);
    } catch (error) {
      throw fullError(error, `the policy of identity ${identity}`, map.maxEntries, 'maxPolicyEntries');
    }
  }

  /** After a failure: only the kernel knows what the set has. */
  #copyInForce(set: number): void {
    const [model, copy] = [new Set<number>(), new Set<number>()];
    for (const [owner] of this.#policies) (owner.set === set ? copy : model).add(owner.identity);
    const changes: Change[] = [];
    for (const identity of copy) if (!model.has(identity)) changes.push({ identity, kind: 'remove' });
    for (const identity of model) {
      using from = this.#open(identity, 1 - set);
      using to = this.#open(identity, set);
      const content = from?.readPacked() ?? EMPTY;
      if (to) changes.push({ identity, kind: 'differ', difference: difference(to.readPacked(), content) });
      else changes.push({ identity, kind: 'create', content });
    }
    this.#do(changes, set);
  }

  #open(identity: number, set: number): PolicyMap | null {
    const id = this.#policies.get({ identity, set });
    return id === undefined ? null : openMap({ id }, policy);
  }

  #turn(): void {
    this.#generations.set(Generation.InForce, (this.#generation() + 1) >>> 0);
  }

  #generation(): number {
    return this.#generations.get(Generation.InForce) ?? 0;
  }
}
