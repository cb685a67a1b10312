/**
 * The bindings of a steering: adding, removing, and replacing all of them in one step. The program finds targets; the list of what
 * was declared lies beside them. Changes of one binding are made in an order in which every packet meets the old or the
 * new owner of its port: what is new is written first, then the levels are switched, then goes what is old.
 */
import type { Infer } from '@waggle/bpf';
import { WaggleError } from '@waggle/bpf';
import { awaitPrograms } from '@waggle/kernel';
import { type Binding, formatBinding, placeOf } from './binding.ts';
import { LabelTable } from './label-table.ts';
import type { Maps } from './pins.ts';
import {
  bindingRecord,
  keyText,
  kindName,
  kindOf,
  levelValue,
  type StoredBinding,
  storedBinding,
  targetKey,
  targetValue,
} from './records.ts';
import { KINDS, MAX_LEVELS, type Target, type TargetKey } from './steer.bpf.ts';
import type { Steering } from './steering.ts';
import { divide, groupOf, type LevelSpec, levelsOf } from './targets.ts';

/** A binding, and how many packets it has met. */
export interface CountedBinding extends StoredBinding {
  readonly lookups: bigint;
}

/** What a replacement changes, each binding as text. */
export interface BindingDiff {
  readonly added: readonly Binding[];
  readonly removed: readonly Binding[];
  /** The same place, another label or another way when a socket is missing. */
  readonly changed: readonly Binding[];
  readonly unchanged: number;
}

type TargetEntry = [Infer<typeof TargetKey>, Infer<typeof Target>];

export class BindingStore {
  readonly #steering: Steering;
  readonly #maps: Maps;

  constructor(steering: Steering) {
    this.#steering = steering;
    this.#maps = steering.maps;
  }

  /** All bindings, with their counts, in the order of their precedence. */
  list(): CountedBinding[] {
    const labels = new LabelTable(this.#maps);
    const lookups = new Map<number, bigint>();
    const { generation } = this.#state();
    for (const [key, target] of this.#maps.targets) {
      if (key.generation !== generation) continue;
      lookups.set(target.binding, (lookups.get(target.binding) ?? 0n) + target.lookups);
    }
    return this.#stored(labels).map((binding) => ({ ...binding, lookups: lookups.get(binding.id) ?? 0n }));
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
    const same = before.find((other) => placeOf(other) === placeOf(binding));
    if (same) throw alreadyBound(same);
    if (typeof binding.missing !== 'string') labels.idOf(binding.missing.fallback);
    const ids = new Set(before.map(({ id }) => id));
    let id = 0;
    while (ids.has(id)) id++;
    const stored = { ...binding, id };
    const after = [...before, stored];
    checkLevels(after);
    labels.add(binding.label);
    this.#change(before, after, stored, labels);
    this.#maps.bindings.set({ id, generation: this.#state().generation }, bindingRecord(stored, labels));
  }

  /** Removes a binding. @throws WaggleError NOT_FOUND */
  remove(binding: Omit<Binding, 'missing'>): void {
    using _lock = this.#steering.lock();
    const labels = new LabelTable(this.#maps);
    const before = this.#stored(labels);
    const found = before.find((other) => placeOf(other) === placeOf(binding));
    if (!found || found.label !== binding.label) {
      throw new WaggleError('NOT_FOUND', `${formatBinding({ ...binding, missing: 'drop' })} is not bound`, {
        hint: found
          ? `It is bound to "${found.label}"`
          : 'See waggle steer bindings for what is; write it the same way',
      });
    }
    this.#change(
      before,
      before.filter((other) => other !== found),
      found,
      labels,
    );
    this.#maps.bindings.delete({ id: found.id, generation: this.#state().generation });
    this.forgetUnused();
  }

  /** What {@link BindingStore.replaceAll} would change. */
  compare(wanted: readonly Binding[]): BindingDiff {
    return compare(this.#stored(new LabelTable(this.#maps)), wanted);
  }

  /**
   * Replaces all bindings in one step: each packet meets the old ones or the new ones.
   * @throws WaggleError EXISTS for two bindings of the same place; FULL. Nothing is changed then.
   */
  replaceAll(wanted: readonly Binding[]): BindingDiff {
    using _lock = this.#steering.lock();
    const labels = new LabelTable(this.#maps);
    const before = this.#stored(labels);
    const diff = compare(before, wanted);
    checkDistinct(wanted);
    checkLevels(wanted);
    const names = new Set([...wanted.map(({ label }) => label), ...labels.names]);
    for (const { missing } of wanted) {
      if (typeof missing !== 'string' && !names.has(missing.fallback)) labels.idOf(missing.fallback);
    }
    for (const { label } of wanted) labels.add(label);
    const { half, generation } = this.#state();
    const next = 1 - generation;
    const counts = this.#countsByPlace(before);
    const stored = wanted.map((binding, id) => ({ ...binding, id }));
    // What an earlier replacement that was interrupted has left.
    this.#forgetGeneration(next);
    const entries = [...groups(stored).values()].flatMap((group) =>
      targetsOf(group, labels, next, (owner) => counts.get(placeOf(owner)) ?? 0n),
    );
    this.#maps.targets.setAll(entries);
    this.#maps.bindings.setAll(
      stored.map((binding) => [{ id: binding.id, generation: next }, bindingRecord(binding, labels)]),
    );
    this.#writeLevels(1 - half, stored);
    this.#maps.active.set(0, (1 - half) | (next << 1));
    awaitPrograms();
    this.#forgetGeneration(generation);
    this.forgetUnused();
    return diff;
  }

  /** Takes the numbers of labels without bindings and sockets away. The caller holds the lock. */
  forgetUnused(): void {
    const labels = new LabelTable(this.#maps);
    const used = new Set<string>();
    for (const { label, missing } of this.#stored(labels)) {
      used.add(label);
      if (typeof missing !== 'string') used.add(missing.fallback);
    }
    for (const [, { cookie, label }] of this.#maps.slots) if (cookie !== 0n) used.add(labels.nameOf(label));
    labels.keep(used);
  }

  #state(): { half: number; generation: number } {
    const state = this.#maps.active.get(0) ?? 0;
    return { half: state & 1, generation: state >>> 1 };
  }

  #stored(labels: LabelTable): StoredBinding[] {
    const { generation } = this.#state();
    const found: StoredBinding[] = [];
    for (const [key, record] of this.#maps.bindings) {
      if (key.generation === generation) found.push(storedBinding(key.id, record, labels));
    }
    return found.sort(byPrecedence);
  }

  /** Brings the group of a binding from what it was to what it shall be. */
  #change(
    before: readonly StoredBinding[],
    after: readonly StoredBinding[],
    changed: StoredBinding,
    labels: LabelTable,
  ): void {
    const { half, generation } = this.#state();
    const inGroup = (list: readonly StoredBinding[]) =>
      list.filter((binding) => groupOf(binding) === groupOf(changed));
    const old = targetsOf(inGroup(before), labels, generation, () => 0n);
    const wanted = targetsOf(inGroup(after), labels, generation, () => 0n);
    const owners = new Map(old.map(([key, { binding }]) => [keyText(key), binding]));
    const kept = new Set(wanted.map(([key]) => keyText(key)));
    // Those that stay with their owner keep their counts.
    this.#maps.targets.setAll(wanted.filter(([key, { binding }]) => owners.get(keyText(key)) !== binding));
    if (levelsText(before) !== levelsText(after)) {
      this.#writeLevels(1 - half, after);
      this.#maps.active.set(0, (1 - half) | (generation << 1));
      awaitPrograms();
    }
    this.#maps.targets.deleteAll(old.filter(([key]) => !kept.has(keyText(key))).map(([key]) => key));
  }

  #writeLevels(half: number, bindings: readonly Binding[]): void {
    for (const [kind, levels] of levelsByKind(bindings).entries()) {
      const values = levels.map(levelValue);
      const none = levelValue({ prefixLength: 0, portLength: 0 });
      const padded = [...values, ...new Array<typeof none>(MAX_LEVELS - values.length).fill(none)];
      this.#maps.levels.set(half * KINDS + kind, { count: levels.length, levels: padded });
    }
  }

  #countsByPlace(stored: readonly StoredBinding[]): Map<string, bigint> {
    const places = new Map(stored.map((binding) => [binding.id, placeOf(binding)]));
    const counts = new Map<string, bigint>();
    const { generation } = this.#state();
    for (const [key, { binding, lookups }] of this.#maps.targets) {
      const place = places.get(binding);
      if (key.generation !== generation || place === undefined || lookups === 0n) continue;
      counts.set(place, (counts.get(place) ?? 0n) + lookups);
    }
    return counts;
  }

  #forgetGeneration(generation: number): void {
    const { targets, bindings } = this.#maps;
    targets.deleteAll([...targets.keys()].filter((key) => key.generation === generation));
    bindings.deleteAll([...bindings.keys()].filter((key) => key.generation === generation));
  }
}

/** Bindings by what they cover: longest prefix first, then fewest ports. */
function byPrecedence(left: StoredBinding, right: StoredBinding): number {
  return (
    right.prefix.length - left.prefix.length ||
    left.ports.last - left.ports.first - (right.ports.last - right.ports.first) ||
    (placeOf(left) < placeOf(right) ? -1 : 1)
  );
}

function groups<B extends Binding>(bindings: readonly B[]): Map<string, B[]> {
  const found = new Map<string, B[]>();
  for (const binding of bindings) {
    const group = groupOf(binding);
    const members = found.get(group);
    if (members) members.push(binding);
    else found.set(group, [binding]);
  }
  return found;
}

/** The targets of a group. The count of a binding goes to the first of its blocks. */
function targetsOf(
  group: readonly StoredBinding[],
  labels: LabelTable,
  generation: number,
  countOf: (owner: StoredBinding) => bigint,
): TargetEntry[] {
  const seen = new Set<StoredBinding>();
  return divide(group).map((block) => {
    const lookups = seen.has(block.owner) ? 0n : countOf(block.owner);
    seen.add(block.owner);
    return [targetKey(block.owner, block, generation), targetValue(block.owner, labels, lookups)];
  });
}

function levelsByKind(bindings: readonly Binding[]): LevelSpec[][] {
  const used: LevelSpec[][] = Array.from({ length: KINDS }, () => []);
  for (const group of groups(bindings).values()) {
    const [first] = group;
    if (!first) continue;
    const { protocol, prefix } = first;
    for (const { length } of divide(group)) {
      used[kindOf(protocol, prefix.family)]?.push({ prefixLength: prefix.length, portLength: length });
    }
  }
  return used.map(levelsOf);
}

const levelsText = (bindings: readonly Binding[]): string => JSON.stringify(levelsByKind(bindings));

function checkLevels(bindings: readonly Binding[]): void {
  for (const [kind, levels] of levelsByKind(bindings).entries()) {
    if (levels.length <= MAX_LEVELS) continue;
    throw new WaggleError(
      'FULL',
      `${kindName(kind)} would be looked up on ${levels.length} levels of ${MAX_LEVELS}`,
      {
        hint: 'A level is a length of prefix with a size of port block: use fewer lengths of prefixes, or ranges of ports that begin and end at multiples of 64',
      },
    );
  }
}

function checkDistinct(bindings: readonly Binding[]): void {
  const places = new Map<string, Binding>();
  for (const binding of bindings) {
    const other = places.get(placeOf(binding));
    if (other) throw alreadyBound(other);
    places.set(placeOf(binding), binding);
  }
}

function alreadyBound(binding: Binding): WaggleError {
  return new WaggleError('EXISTS', `${placeOf(binding)} is bound to "${binding.label}" already`, {
    hint: 'Remove that binding first, with waggle steer unbind',
  });
}

function compare(before: readonly Binding[], wanted: readonly Binding[]): BindingDiff {
  const old = new Map(before.map((binding) => [placeOf(binding), binding]));
  const places = new Set(wanted.map(placeOf));
  const same = (left: Binding, right: Binding): boolean =>
    left.label === right.label && JSON.stringify(left.missing) === JSON.stringify(right.missing);
  const added: Binding[] = [];
  const changed: Binding[] = [];
  for (const binding of wanted) {
    const other = old.get(placeOf(binding));
    if (!other) added.push(binding);
    else if (!same(other, binding)) changed.push(binding);
  }
  const removed = before.filter((binding) => !places.has(placeOf(binding)));
  return { added, removed, changed, unchanged: wanted.length - added.length - changed.length };
}
