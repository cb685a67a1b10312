/**
 * Merges virtual registers that had better be one: the parameter of a block with what it is given, the result of an addition
 * with its first operand. Only where that cannot make the graph harder to colour (the criterion of Briggs: the merged node has
 * fewer neighbours of high degree than it may have registers).
 */
import { Conflicts } from './conflicts.ts';
import type { Interference } from './interference.ts';
import type { Virtual } from './machine.ts';

/** Interference between classes of merged registers; a class goes by one of its members. */
export interface Classes {
  /** The class of every virtual register. */
  readonly classOf: Int32Array;
  readonly conflicts: Conflicts;
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
  const allowed = Uint16Array.from(interference.allowed);
  const hints = interference.hints.map((each) => each && Float64Array.from(each));
  const cost = Float64Array.from(interference.cost);
  const partners = new MergedPartners(interference.conflicts, classOf);

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
  const isHard = (neighbour: Virtual, degree: number): boolean => degree >= (room[neighbour] ?? 0);
  const staysEasy = (left: Virtual, right: Virtual, mask: number): boolean => {
    const most = registersIn(mask);
    const isTheirs = partners.mark(right);
    let hard = 0;
    for (const neighbour of partners.of(left)) {
      if (hard >= most) return false;
      // A neighbour of both loses one of them by the merge.
      if (isHard(neighbour, partners.degree(neighbour) - (isTheirs(neighbour) ? 1 : 0))) hard++;
    }
    const isOurs = partners.mark(left);
    for (const neighbour of partners.of(right)) {
      if (hard >= most) return false;
      if (!isOurs(neighbour) && isHard(neighbour, partners.degree(neighbour))) hard++;
    }
    return hard < most;
  };

  const merge = (left: Virtual, right: Virtual): void => {
    partners.merge(left, right);
    classOf[right] = left;
    allowed[left] = (allowed[left] ?? 0) & (allowed[right] ?? 0);
    room[left] = registersIn(allowed[left] ?? 0);
    cost[left] = (cost[left] ?? 0) + (cost[right] ?? 0);
    const hint = hints[right];
    if (hint) hints[left] = Float64Array.from(hint, (weight, at) => weight + (hints[left]?.[at] ?? 0));
  };

  const ordered = [...interference.affinities].sort((a, b) => b.weight - a.weight);
  for (const affinity of ordered) {
    const [left, right] = [find(affinity.left), find(affinity.right)];
    if (left === right || partners.has(left, right)) continue;
    // What was made short to be spilled nowhere must not become long again.
    if (cost[left] === Number.POSITIVE_INFINITY || cost[right] === Number.POSITIVE_INFINITY) continue;
    const mask = (allowed[left] ?? 0) & (allowed[right] ?? 0);
    // A value that need not survive calls is not tied to the four registers that do, unless a loop would gain.
    const narrows = mask !== allowed[left] || mask !== allowed[right];
    if (mask === 0 || (narrows && affinity.weight <= 1 && isHinted(hints, left, right))) continue;
    if (staysEasy(left, right, mask)) merge(left, right);
  }
  for (let register = 0; register < count; register++) find(register);
  return { classOf, conflicts: partners.finish(), allowed, hints, cost };
}

/** The conflicts between classes while these are merged. A list may still have members that became part of another class. */
class MergedPartners {
  readonly #partners: Virtual[][];
  readonly #classOf: Int32Array;
  /** How many members of each list are classes. */
  readonly #degrees: Int32Array;
  readonly #marks: Int32Array;
  #mark = 0;

  constructor(conflicts: Conflicts, classOf: Int32Array) {
    this.#classOf = classOf;
    this.#partners = Array.from(classOf, (register) => [...conflicts.of(register)]);
    this.#degrees = Int32Array.from(this.#partners, ({ length }) => length);
    this.#marks = new Int32Array(classOf.length);
  }

  /** The classes that conflict with a class, and parts of others, which have a degree of zero. */
  of(each: Virtual): readonly Virtual[] {
    return this.#partners[each] ?? [];
  }

  degree(each: Virtual): number {
    return this.#degrees[each] ?? 0;
  }

  has(left: Virtual, right: Virtual): boolean {
    const [ours, theirs] = [this.of(left), this.of(right)];
    return ours.length <= theirs.length ? ours.includes(right) : theirs.includes(left);
  }

  /** A question that is quick until the next one is made: whether a class conflicts with this one. */
  mark(each: Virtual): (other: Virtual) => boolean {
    const mark = ++this.#mark;
    for (const other of this.of(each)) this.#marks[other] = mark;
    return (other) => this.#marks[other] === mark;
  }

  /** Gives the conflicts of one class to another, before it becomes part of it. */
  merge(into: Virtual, part: Virtual): void {
    const isKnown = this.mark(into);
    for (const other of this.of(part)) {
      if (this.#classOf[other] !== other) continue;
      if (isKnown(other)) this.#degrees[other] = this.degree(other) - 1;
      else {
        this.#partners[other]?.push(into);
        this.#partners[into]?.push(other);
        this.#degrees[into] = this.degree(into) + 1;
      }
    }
    this.#partners[part] = [];
    this.#degrees[part] = 0;
  }

  finish(): Conflicts {
    const isClass = (each: Virtual): boolean => this.#classOf[each] === each;
    return new Conflicts(this.#partners.map((list) => (list.every(isClass) ? list : list.filter(isClass))));
  }
}

const isHinted = (hints: readonly (Float64Array | undefined)[], left: Virtual, right: Virtual): boolean =>
  hints[left] !== undefined || hints[right] !== undefined;
