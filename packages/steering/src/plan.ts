/**
 * What a list of bindings comes to: their ports divided within each group, the levels on which they are looked up, and the targets that
 * the program finds there. Pure, and quick for lists of a hundred thousand.
 */
import { WaggleError } from '@waggle/bpf';
import type { PackedElements } from '@waggle/kernel';
import { type Binding, placeOf } from './binding.ts';
import type { BindingList } from './binding-list.ts';
import { kindName, type LabelNumbers } from './records.ts';
import { Groups, Places } from './row-table.ts';
import { KINDS, MAX_LEVELS } from './steer.bpf.ts';
import { TargetWriter } from './target-writer.ts';
import { divide, type LevelSpec, levelsOf } from './targets.ts';

/** What a replacement changes. */
export interface BindingDiff {
  readonly added: readonly Binding[];
  readonly removed: readonly Binding[];
  /** The same place, another label or another way when a socket is missing. */
  readonly changed: readonly Binding[];
  readonly unchanged: number;
}

/** Takes a block of ports and the row of the binding that owns it. */
type Visitor = (row: number, port: number, length: number) => void;

/** A list of bindings, worked out. */
export class Plan {
  readonly list: BindingList;
  /** By kind, in the order in which they are tried. */
  readonly levels: readonly (readonly LevelSpec[])[];
  /** How many targets there are. */
  readonly targetCount: number;
  readonly #places: Places;
  readonly #groups: Groups;

  /** @throws WaggleError EXISTS when two bindings are of the same place. */
  constructor(list: BindingList, labels: Pick<LabelNumbers, 'nameOf'>) {
    this.list = list;
    this.#places = new Places(list);
    const [duplicate] = this.#places.duplicates;
    if (duplicate) throw alreadyBound(list.binding(duplicate.first, labels));
    this.#groups = new Groups(list);
    const used = Array.from({ length: KINDS }, () => new Set<number>());
    let count = 0;
    for (const group of this.#groups) {
      this.#visitBlocks(group, (row, _, portLength) => {
        used[list.kindOf(row)]?.add(list.prefixLengthOf(row) * 32 + portLength);
        count++;
      });
    }
    this.targetCount = count;
    this.levels = used.map((levels) =>
      levelsOf([...levels].map((level) => ({ prefixLength: level >> 5, portLength: level & 31 }))),
    );
  }

  /** The row with the place of a row of another list. */
  find(list: BindingList, row: number): number | undefined {
    return this.#places.find(list, row);
  }

  /** All targets. What the owner of some has counted before goes to the first of them. */
  targets(generation: number, lookups: ReadonlyMap<number, bigint>): PackedElements {
    const writer = new TargetWriter(this.list, generation, lookups);
    for (const group of this.#groups) this.#visitBlocks(group, writer.write);
    return writer.packed();
  }

  /** The targets of the prefix that a row of another list has. */
  targetsAround(list: BindingList, row: number, generation: number): PackedElements {
    const writer = new TargetWriter(this.list, generation);
    this.#visitBlocks(this.#groups.around(list, row), writer.write);
    return writer.packed();
  }

  /** @throws WaggleError FULL when there are more levels of a kind than the program tries. */
  checkLevels(): void {
    for (const [kind, { length }] of this.levels.entries()) {
      if (length <= MAX_LEVELS) continue;
      throw new WaggleError(
        'FULL',
        `${kindName(kind)} would be looked up on ${length} levels, of which there are ${MAX_LEVELS}`,
        {
          hint: 'A level is a length of prefix with a size of port block: use fewer lengths of prefixes, or ranges of ports that begin and end at multiples of 64',
        },
      );
    }
  }

  #visitBlocks(group: readonly number[], visit: Visitor): void {
    const { list } = this;
    const [row = 0] = group;
    // Most bindings are of one port, and alone with their prefix.
    if (group.length === 1 && list.firstOf(row) === list.lastOf(row)) {
      visit(row, list.firstOf(row), 16);
      return;
    }
    const bound = group.map((each) => ({
      row: each,
      ports: { first: list.firstOf(each), last: list.lastOf(each) },
    }));
    for (const { owner, port, length } of divide(bound)) visit(owner.row, port, length);
  }
}

export function alreadyBound(binding: Binding): WaggleError {
  return new WaggleError('EXISTS', `${placeOf(binding)} is bound to "${binding.label}" already`, {
    hint: 'Remove that binding first, with waggle steer unbind',
  });
}

/** What changes from some bindings to others. */
export function compare(before: Plan, after: Plan, labels: Pick<LabelNumbers, 'nameOf'>): BindingDiff {
  const added: Binding[] = [];
  const changed: Binding[] = [];
  const removed: Binding[] = [];
  let unchanged = 0;
  for (let row = 0; row < after.list.length; row++) {
    const other = before.find(after.list, row);
    if (other !== undefined && after.list.sameOwner(row, before.list, other)) unchanged++;
    else (other === undefined ? added : changed).push(after.list.binding(row, labels));
  }
  for (let row = 0; row < before.list.length; row++) {
    if (after.find(before.list, row) === undefined) removed.push(before.list.binding(row, labels));
  }
  return { added, removed, changed, unchanged };
}
