/**
 * The bindings of a steering: adding, removing, and replacing all of them in one step. The program finds targets; the list of what
 * was declared lies beside them. Changes of one binding are made in an order in which every packet meets the old or the
 * new owner of its port: what is new is written first, then the levels are switched, then goes what is old.
 */
import { WaggleError } from '@waggle/bpf';
import { awaitPrograms, MappedArray } from '@waggle/kernel';
import { type Binding, formatBinding } from './binding.ts';
import { BindingList } from './binding-list.ts';
import { LabelTable } from './label-table.ts';
import type { Maps } from './pins.ts';
import { type BindingDiff, compare, Plan } from './plan.ts';
import { levelValue, type StoredBinding } from './records.ts';
import { BindingRecord, bindings, MAX_BINDINGS } from './state.ts';
import { KINDS, MAX_LEVELS, TargetKey, WhenMissing } from './steer.bpf.ts';
import type { Steering } from './steering.ts';
import { TargetReader } from './target-reader.ts';
import { changedTargets, goneTargets } from './target-writer.ts';

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
    const labels = new LabelTable(this.#steering);
    const stored = this.#stored();
    const counts = new TargetReader(this.#maps.targets.readPacked()).lookupsOf(this.#active().generation);
    return inOrder(stored).map((row) => ({
      ...stored.binding(row, labels),
      lookups: counts.get(stored.idOf(row)) ?? 0n,
    }));
  }

  /**
   * Adds a binding.
   * @throws WaggleError EXISTS when the same addresses and ports are bound already, NOT_FOUND for a fallback that does not exist,
   *   FULL. Nothing is changed then.
   */
  add(binding: Binding): void {
    using _lock = this.#steering.lock();
    const labels = new LabelTable(this.#steering);
    const stored = this.#stored();
    if (typeof binding.missing !== 'string') labels.idOf(binding.missing.fallback);
    labels.reserve(binding.label);
    const before = new Plan(stored, labels);
    const after = new Plan(stored.with(binding, labels), labels);
    after.checkLevels();
    const row = stored.length;
    checkRoom('bindings', after.list.length, MAX_BINDINGS);
    const blocks = after.targetsAround(after.list, row, 0).keys.length / TargetKey.size;
    this.#checkTargets(before.targetCount, blocks);
    labels.commit();
    // A target always has a binding that is listed, also if this process ends between the two.
    this.#writeRecords(this.#active().generation, after.list.idOf(row), after.list.recordOf(row));
    this.#change(before, after, after.list, row);
  }

  /** Removes a binding. @throws WaggleError NOT_FOUND */
  remove(binding: Omit<Binding, 'missing'>): void {
    using _lock = this.#steering.lock();
    const labels = new LabelTable(this.#steering);
    const before = new Plan(this.#stored(), labels);
    const wanted = BindingList.of([{ ...binding, missing: 'drop' }], { idOf: () => 0 });
    const row = before.find(wanted, 0);
    const found = row === undefined ? undefined : before.list.binding(row, labels);
    if (row === undefined || found?.label !== binding.label) {
      throw new WaggleError('NOT_FOUND', `${formatBinding({ ...binding, missing: 'drop' })} is not bound`, {
        hint: found
          ? `It is bound to "${found.label}"`
          : 'See waggle steer bindings for what is; write it the same way',
      });
    }
    const after = new Plan(before.list.without(row), labels);
    this.#change(before, after, before.list, row);
    this.#writeRecords(this.#active().generation, before.list.idOf(row), FREE);
    this.#forgetUnused(after.list, labels);
  }

  /** What {@link BindingStore.replaceAll} would change. @throws WaggleError as it would */
  compare(wanted: readonly Binding[]): BindingDiff {
    const labels = new LabelTable(this.#steering);
    const after = planOf(wanted, labels);
    return compare(new Plan(this.#stored(), labels), after, labels);
  }

  /**
   * Replaces all bindings in one step: each packet meets the old ones or the new ones.
   * @throws WaggleError EXISTS for two bindings of the same place; NOT_FOUND for a fallback that does not exist; FULL. Nothing
   *   is changed then.
   */
  replaceAll(wanted: readonly Binding[]): BindingDiff {
    using _lock = this.#steering.lock();
    const labels = new LabelTable(this.#steering);
    const after = planOf(wanted, labels);
    const { half, generation } = this.#active();
    const next = 1 - generation;
    const before = new Plan(this.#stored(), labels);
    const old = new TargetReader(this.#maps.targets.readPacked());
    // What an earlier replacement that was interrupted has left.
    this.#maps.targets.deletePacked(old.keysOf(next));
    const targets = after.targets(next, carriedOver(before, after, old.lookupsOf(generation)));
    checkRoom('bindings', after.list.length, MAX_BINDINGS);
    this.#checkTargets(old.countOf(generation), targets.keys.length / TargetKey.size);
    labels.commit();
    this.#maps.targets.setPacked(targets);
    const records = new Uint8Array(MAX_BINDINGS * FREE.length);
    records.set(after.list.records);
    this.#writeRecords(next, 0, records);
    this.#writeLevels(1 - half, after.levels);
    this.#activate({ half: 1 - half, generation: next });
    this.#maps.targets.deletePacked(old.keysOf(generation));
    // Before the names of labels go.
    const diff = compare(before, after, labels);
    this.#forgetUnused(after.list, labels);
    return diff;
  }

  /** Takes the numbers of labels without bindings and sockets away. The caller holds the lock. */
  forgetUnused(): void {
    this.#forgetUnused(this.#stored(), new LabelTable(this.#steering));
  }

  #forgetUnused(list: BindingList, labels: LabelTable): void {
    const used = new Set<number>();
    for (let row = 0; row < list.length; row++) {
      used.add(list.labelOf(row));
      if (list.missingOf(row) === WhenMissing.Fallback) used.add(list.fallbackOf(row));
    }
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

  #stored(): BindingList {
    using records = new MappedArray(this.#maps.bindings, bindings);
    return BindingList.stored(records.readPacked(this.#active().generation * MAX_BINDINGS, MAX_BINDINGS));
  }

  #writeRecords(generation: number, id: number, bytes: Uint8Array): void {
    using records = new MappedArray(this.#maps.bindings, bindings);
    records.writePacked(generation * MAX_BINDINGS + id, bytes);
  }

  /** Brings the targets with the prefix of a row from what they were to what they shall be. */
  #change(before: Plan, after: Plan, list: BindingList, row: number): void {
    const { half, generation } = this.#active();
    const old = before.targetsAround(list, row, generation);
    const wanted = after.targetsAround(list, row, generation);
    const { targets } = this.#maps;
    // Those that stay with their owner keep their counts.
    targets.setPacked(changedTargets(old, wanted));
    if (JSON.stringify(before.levels) !== JSON.stringify(after.levels)) {
      this.#writeLevels(1 - half, after.levels);
      this.#activate({ half: 1 - half, generation });
    }
    targets.deletePacked(goneTargets(old, wanted));
  }

  /** What is new lies beside what is old for a moment. @throws WaggleError FULL */
  #checkTargets(old: number, more: number): void {
    checkRoom('blocks of ports, of which a range counts several', old + more, this.#maps.targets.maxEntries);
  }

  #writeLevels(half: number, levels: Plan['levels']): void {
    for (const [kind, specs] of levels.entries()) {
      const values = specs.map(levelValue);
      const padding = new Array<typeof NO_LEVEL>(MAX_LEVELS - values.length).fill(NO_LEVEL);
      this.#maps.levels.set(half * KINDS + kind, { count: values.length, levels: [...values, ...padding] });
    }
  }
}

/** The bytes of a record that is free. */
const FREE = new Uint8Array(BindingRecord.size);

function checkRoom(what: string, wanted: number, room: number): void {
  if (wanted <= room) return;
  throw new WaggleError('FULL', `there is no room for ${wanted} ${what}`, {
    hint: `There is room for ${room}, those that are replaced included`,
  });
}

/** Works wanted bindings out; sets numbers aside for labels that are new. */
function planOf(wanted: readonly Binding[], labels: LabelTable): Plan {
  for (const { label } of wanted) labels.reserve(label);
  const plan = new Plan(BindingList.of(wanted, labels), labels);
  plan.checkLevels();
  return plan;
}

/** What bindings have counted, by their rows before: by the rows of those of the same place after. */
function carriedOver(before: Plan, after: Plan, lookups: ReadonlyMap<number, bigint>): Map<number, bigint> {
  const carried = new Map<number, bigint>();
  if (lookups.size === 0) return carried;
  for (let row = 0; row < before.list.length; row++) {
    const count = lookups.get(before.list.idOf(row));
    const same = count === undefined ? undefined : after.find(before.list, row);
    if (count !== undefined && same !== undefined) carried.set(same, count);
  }
  return carried;
}

/** Rows in the order of their precedence: longest prefix first, then fewest ports; equals by what they cover. */
function inOrder(list: BindingList): number[] {
  const size = (row: number): number => list.lastOf(row) - list.firstOf(row);
  const byAddress = (left: number, right: number): number => {
    for (let word = 0; word < 4; word++) {
      const difference = list.addressOf(left, word) - list.addressOf(right, word);
      if (difference !== 0) return difference;
    }
    return 0;
  };
  return Array.from({ length: list.length }, (_, row) => row).sort(
    (left, right) =>
      list.prefixLengthOf(right) - list.prefixLengthOf(left) ||
      size(left) - size(right) ||
      list.kindOf(left) - list.kindOf(right) ||
      byAddress(left, right) ||
      list.firstOf(left) - list.firstOf(right),
  );
}
