/**
 * From bindings to what the program looks up: targets (a prefix and a block of ports, and the binding that owns them) and the levels
 * on which targets are looked for. Pure. Bindings of one protocol and prefix make up a group, which is worked out by itself;
 * so a change of one binding concerns few targets, however many there are.
 */

import type { Binding } from './binding.ts';
import { ALL_PORTS, blocksOf, countOf, type PortBlock, type PortRange } from './ports.ts';

/** A block of ports, and the binding that owns it. */
export interface OwnedBlock<B> extends PortBlock {
  readonly owner: B;
}

/** Where a level stands: more specific ones first. */
export interface LevelSpec {
  readonly prefixLength: number;
  readonly portLength: number;
}

/** The number of all ports. */
const ALL = countOf(ALL_PORTS);

type Bound = Pick<Binding, 'ports'>;

/**
 * Divides the ports among the bindings of a group. The program asks for small blocks first, so a block may lie inside of
 * another one that is larger; blocks of the same place and size are owned by the binding with fewer ports.
 */
export function divide<B extends Bound>(group: readonly B[]): OwnedBlock<B>[] {
  const [only, another] = group;
  if (only && !another) return blocksOf(only.ports).map((block) => ({ ...block, owner: only }));
  const found = new Map<number, OwnedBlock<B>>();
  const ofSize = (fits: (count: number) => boolean): B[] => group.filter(({ ports }) => fits(countOf(ports)));
  const own = (owner: B, ports: PortRange): void => {
    for (const block of blocksOf(ports)) found.set(block.port * 32 + block.length, { ...block, owner });
  };
  for (const binding of ofSize((count) => count === ALL)) own(binding, binding.ports);
  const ranges = ofSize((count) => count > 1 && count < ALL);
  for (const { owner, ports } of withoutOverlap(ranges)) own(owner, ports);
  for (const binding of ofSize((count) => count === 1)) own(binding, binding.ports);
  return [...found.values()];
}

/** Cuts ranges where they overlap: a block of a wide range may be smaller than those of a narrow one, and would win. */
function withoutOverlap<B extends Bound>(ranges: readonly B[]): { owner: B; ports: PortRange }[] {
  const byPrecedence = [...ranges].sort(
    ({ ports: left }, { ports: right }) => countOf(left) - countOf(right) || left.first - right.first,
  );
  const edges = ranges.flatMap(({ ports }) => [ports.first, ports.last + 1]);
  const cuts = [...new Set(edges)].sort((a, b) => a - b);
  const stepOf = new Map(cuts.map((first, step) => [first, step]));
  const owners = new Array<B | undefined>(cuts.length).fill(undefined);
  // From each step, one that has no owner or is nearer to it: what is taken is passed over, and passed over faster each time.
  const onward = cuts.map((_, step) => step);
  const free = (from: number): number => {
    let step = from;
    for (let next = onward[step] ?? step; next !== step; next = onward[step] ?? step) {
      onward[step] = onward[next] ?? next;
      step = next;
    }
    return step;
  };
  for (const owner of byPrecedence) {
    const end = stepOf.get(owner.ports.last + 1) ?? 0;
    for (let step = free(stepOf.get(owner.ports.first) ?? end); step < end; step = free(step)) {
      owners[step] = owner;
      onward[step] = step + 1;
    }
  }
  const pieces: { owner: B; ports: PortRange }[] = [];
  for (const [step, owner] of owners.entries()) {
    const [first, next] = [cuts[step], cuts[step + 1]];
    if (first === undefined || next === undefined || !owner) continue;
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
