/**
 * What a list of bindings comes to: their ports divided within each group, and the levels on which they are looked up. Pure, and
 * quick for lists of a hundred thousand.
 */
import type { Infer } from '@waggle/bpf';
import { WaggleError } from '@waggle/bpf';
import { atSamePlace, type Binding, formatMissing, type Groups, placeOf } from './binding.ts';
import {
  kindName,
  kindOf,
  type LabelNumbers,
  type StoredBinding,
  targetKey,
  targetValue,
} from './records.ts';
import { KINDS, MAX_LEVELS, type Target, type TargetKey } from './steer.bpf.ts';
import { divide, type LevelSpec, levelsOf, type OwnedBlock } from './targets.ts';

/** What a replacement changes. */
export interface BindingDiff {
  readonly added: readonly Binding[];
  readonly removed: readonly Binding[];
  /** The same place, another label or another way when a socket is missing. */
  readonly changed: readonly Binding[];
  readonly unchanged: number;
}

type TargetEntry = [Infer<typeof TargetKey>, Infer<typeof Target>];

/** A list of bindings, worked out. */
export interface Plan<B extends Binding> {
  /** By group: who owns which ports. */
  readonly blocks: ReadonlyMap<string | number, readonly OwnedBlock<B>[]>;
  /** By kind, in the order in which they are tried. */
  readonly levels: readonly (readonly LevelSpec[])[];
}

/**
 * Works bindings out.
 * @throws WaggleError EXISTS when two are of the same place; FULL when there are more levels of a kind than the program tries.
 */
export function planOf<B extends Binding>(groups: Groups<B>): Plan<B> {
  const blocks = new Map<string | number, OwnedBlock<B>[]>();
  const used: LevelSpec[][] = Array.from({ length: KINDS }, () => []);
  for (const [key, group] of groups) {
    checkDistinct(groups, group);
    const divided = divide(group);
    blocks.set(key, divided);
    for (const { length, owner } of divided) {
      const { protocol, prefix } = owner;
      used[kindOf(protocol, prefix.family)]?.push({ prefixLength: prefix.length, portLength: length });
    }
  }
  const levels = used.map(levelsOf);
  checkLevels(levels);
  return { blocks, levels };
}

function checkDistinct<B extends Binding>(groups: Groups<B>, group: readonly B[]): void {
  if (group.length === 1) return;
  for (const binding of group) if (atSamePlace(groups, binding)) throw alreadyBound(binding);
}

function checkLevels(levels: readonly (readonly LevelSpec[])[]): void {
  for (const [kind, { length }] of levels.entries()) {
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

/** The targets of a group. What its owner has counted before goes to the first of its blocks. */
export function targetsOf(
  blocks: readonly OwnedBlock<StoredBinding>[],
  labels: LabelNumbers,
  generation: number,
  countOf: (owner: StoredBinding) => bigint = () => 0n,
): TargetEntry[] {
  const seen = new Set<StoredBinding>();
  return blocks.map((block) => {
    const lookups = seen.has(block.owner) ? 0n : countOf(block.owner);
    seen.add(block.owner);
    return [targetKey(block.owner, block, generation), targetValue(block.owner, labels, lookups)];
  });
}

export function alreadyBound(binding: Binding): WaggleError {
  return new WaggleError('EXISTS', `${placeOf(binding)} is bound to "${binding.label}" already`, {
    hint: 'Remove that binding first, with waggle steer unbind',
  });
}

/** What changes from some bindings to others. */
export function compare<B extends Binding>(before: Groups<B>, wanted: Groups<Binding>): BindingDiff {
  const added: Binding[] = [];
  const changed: Binding[] = [];
  let unchanged = 0;
  for (const binding of [...wanted.values()].flat()) {
    const other = atSamePlace(before, binding);
    if (!other) added.push(binding);
    else if (sameTarget(other, binding)) unchanged++;
    else changed.push(binding);
  }
  const removed = [...before.values()].flat().filter((binding) => !atSamePlace(wanted, binding));
  return { added, removed, changed, unchanged };
}

const sameTarget = (left: Binding, right: Binding): boolean =>
  left.label === right.label && formatMissing(left.missing) === formatMissing(right.missing);
