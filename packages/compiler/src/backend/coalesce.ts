/**
 * Merges virtual registers that had better be one: the parameter of a block with what it is given, the result of an addition
 * with its first operand. Only where that cannot make the graph harder to colour (the criterion of Briggs: the merged node has
 * fewer neighbours of high degree than it may have registers).
 */
import type { Interference } from './interference.ts';
import type { Virtual } from './machine.ts';

/** Interference between classes of merged registers; a class goes by one of its members. */
export interface Classes {
  /** The class of every virtual register. */
  readonly classOf: Int32Array;
  readonly neighbours: readonly ReadonlySet<Virtual>[];
  readonly allowed: Uint16Array;
  readonly hints: readonly (Float64Array | undefined)[];
  readonly cost: Float64Array;
}

/** How many registers a mask allows. */
export function registersIn(mask: number): number {
  let count = 0;
  for (let bits = mask; bits !== 0; bits &= bits - 1) count++;
  return count;
}

/** Merges along the affinities, the most frequent first. */
export function coalesce(interference: Interference): Classes {
  const count = interference.allowed.length;
  const classOf = Int32Array.from({ length: count }, (_, register) => register);
  const neighbours = interference.neighbours.map((set) => new Set(set));
  const allowed = Uint16Array.from(interference.allowed);
  const hints = interference.hints.map((each) => each && Float64Array.from(each));
  const cost = Float64Array.from(interference.cost);
  const none: ReadonlySet<Virtual> = new Set();

  const find = (register: Virtual): Virtual => {
    let root = register;
    while (classOf[root] !== root) root = classOf[root] ?? root;
    while (classOf[register] !== root) {
      const next = classOf[register] ?? root;
      classOf[register] = root;
      register = next;
    }
    return root;
  };

  const room = allowed.map(registersIn);
  const staysEasy = (left: Virtual, right: Virtual, mask: number): boolean => {
    const most = registersIn(mask);
    const [ours, theirs] = [neighbours[left] ?? none, neighbours[right] ?? none];
    let hard = 0;
    const isHard = (neighbour: Virtual, degree: number): boolean => degree >= (room[neighbour] ?? 0);
    for (const neighbour of ours) {
      if (hard >= most) break;
      // A neighbour of both loses one of them by the merge.
      const degree = (neighbours[neighbour]?.size ?? 0) - (theirs.has(neighbour) ? 1 : 0);
      if (isHard(neighbour, degree)) hard++;
    }
    for (const neighbour of theirs) {
      if (!ours.has(neighbour) && isHard(neighbour, neighbours[neighbour]?.size ?? 0)) hard++;
    }
    return hard < most;
  };

  const merge = (left: Virtual, right: Virtual): void => {
    classOf[right] = left;
    allowed[left] = (allowed[left] ?? 0) & (allowed[right] ?? 0);
    room[left] = registersIn(allowed[left] ?? 0);
    cost[left] = (cost[left] ?? 0) + (cost[right] ?? 0);
    const hint = hints[right];
    if (hint) hints[left] = Float64Array.from(hint, (weight, at) => weight + (hints[left]?.[at] ?? 0));
    for (const neighbour of neighbours[right] ?? none) {
      neighbours[neighbour]?.delete(right);
      neighbours[neighbour]?.add(left);
      neighbours[left]?.add(neighbour);
    }
    neighbours[right]?.clear();
  };

  const ordered = [...interference.affinities].sort((a, b) => b.weight - a.weight);
  for (const affinity of ordered) {
    const [left, right] = [find(affinity.left), find(affinity.right)];
    if (left === right || neighbours[left]?.has(right)) continue;
    // What was made short to be spilled nowhere must not become long again.
    if (cost[left] === Number.POSITIVE_INFINITY || cost[right] === Number.POSITIVE_INFINITY) continue;
    const mask = (allowed[left] ?? 0) & (allowed[right] ?? 0);
    // A value that need not survive calls is not tied to the four registers that do, unless a loop would gain.
    const narrows = mask !== allowed[left] || mask !== allowed[right];
    if (mask === 0 || (narrows && affinity.weight <= 1 && isHinted(hints, left, right))) continue;
    if (staysEasy(left, right, mask)) merge(left, right);
  }
  for (let register = 0; register < count; register++) find(register);
  return { classOf, neighbours, allowed, hints, cost };
}

const isHinted = (hints: readonly (Float64Array | undefined)[], left: Virtual, right: Virtual): boolean =>
  hints[left] !== undefined || hints[right] !== undefined;
