/**
 * From bindings to what the program looks up: targets (a prefix and a block of ports, and the binding that owns them) and the levels
 * on which targets are looked for. Pure. Bindings of one protocol and prefix make up a group, which is worked out by itself;
 * so a change of one binding concerns few targets, however many there are.
 */

import type { Binding } from './binding.ts';
import { blocksOf, countOf, type PortBlock, type PortRange } from './ports.ts';

/** A block of ports, and the binding that owns it. */
export interface OwnedBlock<B> extends PortBlock {
  readonly owner: B;
}

/** Where a level stands: more specific ones first. */
export interface LevelSpec {
  readonly prefixLength: number;
  readonly portLength: number;
}

type Bound = Pick<Binding, 'ports'>;

/**
 * Divides the ports among the bindings of a group. The program asks for small blocks first, so a block may lie inside of
 * another one that is larger; blocks of the same place and size are owned by the binding with fewer ports.
 */
export function divide<B extends Bound>(group: readonly B[]): OwnedBlock<B>[] {
  const [only, another] = group;
  if (only && !another) return blocksOf(only.ports).map((block) => ({ ...block, owner: only }));
  const found = new Map<number, OwnedBlock<B>>();
  const single = group.filter(({ ports }) => countOf(ports) === 1);
  const all = group.filter(({ ports }) => countOf(ports) === 65_536);
  const ranges = group.filter((binding) => !single.includes(binding) && !all.includes(binding));
  const own = (owner: B, ports: PortRange): void => {
    for (const block of blocksOf(ports)) found.set(block.port * 32 + block.length, { ...block, owner });
  };
  for (const binding of all) own(binding, binding.ports);
  for (const { owner, ports } of withoutOverlap(ranges)) own(owner, ports);
  for (const binding of single) own(binding, binding.ports);
  return [...found.values()];
}

/** Cuts ranges where they overlap: a block of a wide range may be smaller than those of a narrow one, and would win. */
function withoutOverlap<B extends Bound>(ranges: readonly B[]): { owner: B; ports: PortRange }[] {
  const byPrecedence = [...ranges].sort(
    ({ ports: left }, { ports: right }) => countOf(left) - countOf(right) || left.first - right.first,
  );
  const cuts = [...new Set(ranges.flatMap(({ ports }) => [ports.first, ports.last + 1]))].sort(
    (a, b) => a - b,
  );
  const pieces: { owner: B; ports: PortRange }[] = [];
  for (const [index, first] of cuts.entries()) {
    const next = cuts[index + 1];
    const owner = byPrecedence.find(({ ports }) => ports.first <= first && first <= ports.last);
    if (next === undefined || !owner) continue;
    const before = pieces.at(-1);
    if (before?.owner === owner && before.ports.last === first - 1) {
      pieces[pieces.length - 1] = { owner, ports: { first: before.ports.first, last: next - 1 } };
    } else pieces.push({ owner, ports: { first, last: next - 1 } });
  }
  return pieces;
}

/** The levels in use, in the order in which they are tried. */
export function levelsOf(targets: Iterable<LevelSpec>): LevelSpec[] {
  const found = new Map<number, LevelSpec>();
  for (const { prefixLength, portLength } of targets) {
    found.set(prefixLength * 32 + portLength, { prefixLength, portLength });
  }
  return [...found.entries()].sort(([left], [right]) => right - left).map(([, level]) => level);
}
