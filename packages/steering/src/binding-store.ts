/**
 * The bindings of a steering: adding, removing, and replacing all of them in one step. The program finds targets; the list of what
 * was declared lies beside them. Changes of one binding are made in an order in which every packet meets the old or the
 * new owner of its port: what is new is written first, then the levels are switched, then goes what is old.
 */
import type { Infer } from '@waggle/bpf';
import { WaggleError } from '@waggle/bpf';
import { awaitPrograms } from '@waggle/kernel';
import { atSamePlace, type Binding, formatBinding, groupKey, groupsOf, placeOf } from './binding.ts';
import { LabelTable } from './label-table.ts';
import type { Maps } from './pins.ts';
import { alreadyBound, type BindingDiff, compare, type Plan, planOf, targetsOf } from './plan.ts';
import { bindingRecord, keyText, levelValue, type StoredBinding, storedBinding } from './records.ts';
import { KINDS, MAX_LEVELS, type TargetKey } from './steer.bpf.ts';
import type { Steering } from './steering.ts';

/** A binding, and how many packets it has met. */
export interface CountedBinding extends StoredBinding {
  readonly lookups: bigint;
}

/** Where the program looks: the half of the levels, and the generation of the targets. */
interface Active {
  readonly half: number;
  readonly generation: number;
}

const NO_LEVEL = levelValue({ prefixLength: 0, portLength: 0 });

export class BindingStore {
  readonly #steering: Steering;
  readonly #maps: Maps;

  constructor(steering: Steering) {
    this.#steering = steering;
    this.#maps = steering.maps;
  }

  /** All bindings, with their counts, in the order of their precedence. */
  list(): CountedBinding[] {
    const counts = this.#targets().counts;
    const stored = this.#stored(new LabelTable(this.#maps));
    const withPlace = stored.map((binding) => ({ ...binding, lookups: counts.get(binding.id) ?? 0n }));
    return inOrder(withPlace);
  }

  /**
   * Adds a binding.
   * @throws WaggleError EXISTS when the same addresses and ports are bound already, NOT_FOUND for a fallback that does not exist,
   *   FULL.
   */
  add(binding: Binding): void {
    using _lock = this.#steering.lock();
    const labels = new LabelTable(this.#maps);
    const before = this.#stored(labels);
    const same = atSamePlace(groupsOf(before), binding);
    if (same) throw alreadyBound(same);
    if (typeof binding.missing !== 'string') labels.idOf(binding.missing.fallback);
    const ids = new Set(before.map(({ id }) => id));
    let id = 0;
    while (ids.has(id)) id++;
    const stored = { ...binding, id };
    const after = planOf(groupsOf([...before, stored]));
    labels.add(binding.label);
    this.#change(planOf(groupsOf(before)), after, groupKey(stored), labels);
    this.#maps.bindings.set({ id, generation: this.#active().generation }, bindingRecord(stored, labels));
  }

  /** Removes a binding. @throws WaggleError NOT_FOUND */
  remove(binding: Omit<Binding, 'missing'>): void {
    using _lock = this.#steering.lock();
    const labels = new LabelTable(this.#maps);
    const before = this.#stored(labels);
    const found = atSamePlace(groupsOf(before), binding);
    if (!found || found.label !== binding.label) {
      throw new WaggleError('NOT_FOUND', `${formatBinding({ ...binding, missing: 'drop' })} is not bound`, {
        hint: found
          ? `It is bound to "${found.label}"`
          : 'See waggle steer bindings for what is; write it the same way',
      });
    }
    const after = before.filter((other) => other !== found);
    this.#change(planOf(groupsOf(before)), planOf(groupsOf(after)), groupKey(found), labels);
    this.#maps.bindings.delete({ id: found.id, generation: this.#active().generation });
    this.#forgetUnused(after);
  }

  /** What {@link BindingStore.replaceAll} would change. */
  compare(wanted: readonly Binding[]): BindingDiff {
    return compare(groupsOf(this.#stored(new LabelTable(this.#maps))), groupsOf(wanted));
  }

  /**
   * Replaces all bindings in one step: each packet meets the old ones or the new ones.
   * @throws WaggleError EXISTS for two bindings of the same place; NOT_FOUND for a fallback that does not exist; FULL. Nothing
   *   is changed then.
   */
  replaceAll(wanted: readonly Binding[]): BindingDiff {
    using _lock = this.#steering.lock();
    const labels = new LabelTable(this.#maps);
    const stored = wanted.map((binding, id) => ({ ...binding, id }));
    const groups = groupsOf(stored);
    const { blocks, levels } = planOf(groups);
    checkFallbacks(wanted, labels);
    const { half, generation } = this.#active();
    const next = 1 - generation;
    const before = groupsOf(this.#stored(labels));
    const { counts, keys } = this.#targets();
    // What an earlier replacement that was interrupted has left.
    this.#forget(next, keys[next] ?? []);
    for (const { label } of wanted) labels.add(label);
    const countOf = (owner: StoredBinding): bigint => {
      const same = counts.size > 0 ? atSamePlace(before, owner) : undefined;
      return (same && counts.get(same.id)) ?? 0n;
    };
    this.#maps.targets.setAll(
      [...blocks.values()].flatMap((divided) => targetsOf(divided, labels, next, countOf)),
    );
    this.#maps.bindings.setAll(
      stored.map((binding) => [{ id: binding.id, generation: next }, bindingRecord(binding, labels)]),
    );
    this.#writeLevels(1 - half, levels);
    this.#activate({ half: 1 - half, generation: next });
    this.#forget(generation, keys[generation] ?? []);
    this.#forgetUnused(wanted);
    return compare(before, groups);
  }

  /** Takes the numbers of labels without bindings and sockets away. The caller holds the lock. */
  forgetUnused(): void {
    this.#forgetUnused(this.#stored(new LabelTable(this.#maps)));
  }

  #forgetUnused(bindings: readonly Binding[]): void {
    const labels = new LabelTable(this.#maps);
    const used = new Set<string>();
    for (const { label, missing } of bindings) {
      used.add(label);
      if (typeof missing !== 'string') used.add(missing.fallback);
    }
    for (const [, { cookie, label }] of this.#maps.slots) if (cookie !== 0n) used.add(labels.nameOf(label));
    labels.keep(used);
  }

  #active(): Active {
    const state = this.#maps.active.get(0) ?? 0;
    return { half: state & 1, generation: state >>> 1 };
  }

  /** Switches, and returns when no program looks where it looked before. */
  #activate({ half, generation }: Active): void {
    this.#maps.active.set(0, half | (generation << 1));
    awaitPrograms();
  }

  #stored(labels: LabelTable): StoredBinding[] {
    const { generation } = this.#active();
    const found: StoredBinding[] = [];
    for (const [key, record] of this.#maps.bindings) {
      if (key.generation === generation) found.push(storedBinding(key.id, record, labels));
    }
    return found;
  }

  /** The lookups of each binding that is in use, and the keys of each generation. */
  #targets(): { counts: Map<number, bigint>; keys: [Key[], Key[]] } {
    const { generation } = this.#active();
    const counts = new Map<number, bigint>();
    const keys: [Key[], Key[]] = [[], []];
    for (const [key, { binding, lookups }] of this.#maps.targets) {
      keys[key.generation === 0 ? 0 : 1].push(key);
      if (key.generation !== generation || lookups === 0n) continue;
      counts.set(binding, (counts.get(binding) ?? 0n) + lookups);
    }
    return { counts, keys };
  }

  /** Brings a group from what it was to what it shall be. */
  #change(
    before: Plan<StoredBinding>,
    after: Plan<StoredBinding>,
    group: string | number,
    labels: LabelTable,
  ): void {
    const { half, generation } = this.#active();
    const old = targetsOf(before.blocks.get(group) ?? [], labels, generation);
    const wanted = targetsOf(after.blocks.get(group) ?? [], labels, generation);
    const owners = new Map(old.map(([key, { binding }]) => [keyText(key), binding]));
    const kept = new Set(wanted.map(([key]) => keyText(key)));
    // Those that stay with their owner keep their counts.
    this.#maps.targets.setAll(wanted.filter(([key, { binding }]) => owners.get(keyText(key)) !== binding));
    if (JSON.stringify(before.levels) !== JSON.stringify(after.levels)) {
      this.#writeLevels(1 - half, after.levels);
      this.#activate({ half: 1 - half, generation });
    }
    this.#maps.targets.deleteAll(old.filter(([key]) => !kept.has(keyText(key))).map(([key]) => key));
  }

  #writeLevels(half: number, levels: Plan<Binding>['levels']): void {
    for (const [kind, specs] of levels.entries()) {
      const values = specs.map(levelValue);
      const padding = new Array<typeof NO_LEVEL>(MAX_LEVELS - values.length).fill(NO_LEVEL);
      this.#maps.levels.set(half * KINDS + kind, { count: values.length, levels: [...values, ...padding] });
    }
  }

  #forget(generation: number, keys: readonly Key[]): void {
    const { targets, bindings } = this.#maps;
    targets.deleteAll(keys);
    bindings.deleteAll([...bindings.keys()].filter((key) => key.generation === generation));
  }
}

type Key = Infer<typeof TargetKey>;

function checkFallbacks(wanted: readonly Binding[], labels: LabelTable): void {
  const names = new Set([...wanted.map(({ label }) => label), ...labels.names]);
  for (const { missing } of wanted) {
    if (typeof missing !== 'string' && !names.has(missing.fallback)) labels.idOf(missing.fallback);
  }
}

/** Bindings by what they cover: longest prefix first, then fewest ports. */
function inOrder(bindings: readonly CountedBinding[]): CountedBinding[] {
  const places = new Map(bindings.map((binding) => [binding, placeOf(binding)]));
  const size = ({ ports }: Binding): number => ports.last - ports.first;
  return [...bindings].sort(
    (left, right) =>
      right.prefix.length - left.prefix.length ||
      size(left) - size(right) ||
      ((places.get(left) ?? '') < (places.get(right) ?? '') ? -1 : 1),
  );
}
