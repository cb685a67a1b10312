/**
 * What a list of bindings comes to: their ports divided within each group, and the levels on which they are looked up. Pure, and
 * quick for lists of a hundred thousand.
 */
import type { Infer } from '@waggle/bpf';
import { WaggleError } from '@waggle/bpf';
import { type Binding, groupKey, placeKey, placeOf } from './binding.ts';
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

export type TargetEntry = [Infer<typeof TargetKey>, Infer<typeof Target>];

/** A list of bindings, worked out. */
export interface Plan<B extends Binding> {
  /** By group: who owns which ports. */
  readonly groups: ReadonlyMap<string, readonly OwnedBlock<B>[]>;
  /** By kind, in the order in which they are tried. */
  readonly levels: readonly (readonly LevelSpec[])[];
}

/** Works a list out. @throws WaggleError FULL when there are more levels of a kind than the program tries */
export function planOf<B extends Binding>(bindings: readonly B[]): Plan<B> {
  const members = new Map<string, B[]>();
  for (const binding of bindings) {
    const key = groupKey(binding);
    const group = members.get(key);
    if (group) group.push(binding);
    else members.set(key, [binding]);
  }
  const groups = new Map<string, OwnedBlock<B>[]>();
  const used: LevelSpec[][] = Array.from({ length: KINDS }, () => []);
  for (const [key, group] of members) {
    const blocks = divide(group);
    groups.set(key, blocks);
    for (const { length, owner } of blocks) {
      const { protocol, prefix } = owner;
      used[kindOf(protocol, prefix.family)]?.push({ prefixLength: prefix.length, portLength: length });
    }
  }
  const levels = used.map(levelsOf);
  checkLevels(levels);
  return { groups, levels };
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

/** @throws WaggleError EXISTS when two bindings are of the same place */
export function checkDistinct(bindings: readonly Binding[]): void {
  const places = new Map<string, Binding>();
  for (const binding of bindings) {
    const key = placeKey(binding);
    const other = places.get(key);
    if (other) throw alreadyBound(other);
    places.set(key, binding);
  }
}

export function alreadyBound(binding: Binding): WaggleError {
  return new WaggleError('EXISTS', `${placeOf(binding)} is bound to "${binding.label}" already`, {
    hint: 'Remove that binding first, with waggle steer unbind',
  });
}

/** What changes from one list to another. */
export function compare(before: readonly Binding[], wanted: readonly Binding[]): BindingDiff {
  const old = new Map(before.map((binding) => [placeKey(binding), binding]));
  const added: Binding[] = [];
  const changed: Binding[] = [];
  for (const binding of wanted) {
    const key = placeKey(binding);
    const other = old.get(key);
    if (!other) added.push(binding);
    else if (!sameTarget(other, binding)) changed.push(binding);
    old.delete(key);
  }
  const unchanged = wanted.length - added.length - changed.length;
  return { added, removed: [...old.values()], changed, unchanged };
}

function sameTarget(left: Binding, right: Binding): boolean {
  const fallback = ({ missing }: Binding): string => (typeof missing === 'string' ? '' : missing.fallback);
  const word = ({ missing }: Binding): string => (typeof missing === 'string' ? missing : 'fallback');
  return left.label === right.label && word(left) === word(right) && fallback(left) === fallback(right);
}
