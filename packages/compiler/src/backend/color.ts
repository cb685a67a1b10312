/**
 * Gives every class of virtual registers a real one by colouring the interference graph (Chaitin, Briggs): classes with fewer
 * neighbours than registers are set aside, as they always find one; when none is left, the one that is cheapest to keep in
 * memory is set aside in the hope that it does. Then all come back, last first, and take the free register they like best.
 * Classes that must survive calls choose first, since they have four registers to choose from and the others ten.
 */
import { type Classes, registersIn } from './coalesce.ts';
import { type Affinity, KEPT_REGISTERS } from './interference.ts';
import type { Virtual } from './machine.ts';

/** The order in which registers are taken when nothing speaks for another: those that calls preserve last. */
const PREFERENCE = [1, 2, 3, 4, 5, 0, 6, 7, 8, 9];

export interface Coloring {
  /** The real register of every class; -1 for those that found none. */
  readonly registers: Int8Array;
  /** Classes that should live in memory, so that the others find registers. */
  readonly spills: readonly Virtual[];
}

/** Colours the classes. `cost` Infinity marks what must not be spilled. */
export function color(classes: Classes, affinities: readonly Affinity[]): Coloring {
  const order = simplify(classes);
  const registers = new Int8Array(classes.classOf.length).fill(-1);
  const partners = partnersOf(classes, affinities);
  const spills = new Set<Virtual>();
  for (const each of order.reverse()) {
    let free = freeFor(each, classes, registers);
    if (free === 0) {
      const victims = cheapest(each, classes, registers);
      for (const victim of victims) {
        spills.add(victim);
        registers[victim] = -1;
      }
      if (victims.includes(each)) continue;
      free = freeFor(each, classes, registers);
    }
    registers[each] = choose(each, free, classes, registers, partners.get(each) ?? []);
  }
  return { registers, spills: [...spills] };
}

/** The order in which classes are set aside. */
function simplify({ classOf, conflicts, allowed, cost }: Classes): Virtual[] {
  const members = [...classOf.keys()].filter((register) => classOf[register] === register);
  const isKept = (each: Virtual): boolean => ((allowed[each] ?? 0) & ~KEPT_REGISTERS) === 0;
  const left = new Set(members);
  const degrees = Int32Array.from(classOf, (_, register) => conflicts.of(register).length);
  const order: Virtual[] = [];
  const setAside = (each: Virtual, easy: Virtual[]): void => {
    left.delete(each);
    order.push(each);
    for (const neighbour of conflicts.of(each)) {
      const degree = (degrees[neighbour] ?? 0) - 1;
      degrees[neighbour] = degree;
      if (degree === registersIn(allowed[neighbour] ?? 0) - 1 && left.has(neighbour)) easy.push(neighbour);
    }
  };
  for (const group of [members.filter((each) => !isKept(each)), members.filter(isKept)]) {
    const inGroup = new Set(group);
    const easy = group.filter((each) => (degrees[each] ?? 0) < registersIn(allowed[each] ?? 0));
    const hard = group
      .filter((each) => (degrees[each] ?? 0) >= registersIn(allowed[each] ?? 0))
      .sort((a, b) => (cost[b] ?? 0) / (degrees[b] || 1) - (cost[a] ?? 0) / (degrees[a] || 1));
    for (;;) {
      const each = easy.pop() ?? hard.pop();
      if (each === undefined) break;
      if (left.has(each) && inGroup.has(each)) setAside(each, easy);
    }
  }
  return order;
}

/** What each class is related to by affinities. */
function partnersOf({ classOf }: Classes, affinities: readonly Affinity[]): Map<Virtual, Affinity[]> {
  const partners = new Map<Virtual, Affinity[]>();
  for (const { left, right, weight } of affinities) {
    const [ours, theirs] = [classOf[left] ?? left, classOf[right] ?? right];
    if (ours === theirs) continue;
    for (const [from, to] of [
      [ours, theirs],
      [theirs, ours],
    ] as const) {
      const list = partners.get(from);
      const affinity = { left: from, right: to, weight };
      if (list) list.push(affinity);
      else partners.set(from, [affinity]);
    }
  }
  return partners;
}

/** Calls `visit` with every real register, and how much a class would like it. */
function eachHint(hints: Float64Array | undefined, visit: (register: number, much: number) => void): void {
  if (hints === undefined) return;
  for (let register = 0; register < hints.length; register++) visit(register, hints[register] ?? 0);
}

/** The free register that saves most moves, here and for others. */
function choose(
  each: Virtual,
  free: number,
  { hints, conflicts }: Classes,
  registers: Int8Array,
  partners: readonly Affinity[],
): number {
  const score = new Float64Array(10);
  const add = (register: number, weight: number): void => {
    score[register] = (score[register] ?? 0) + weight;
  };
  eachHint(hints[each], add);
  for (const { right, weight } of partners) {
    const register = registers[right] ?? -1;
    if (register >= 0) add(register, weight);
    // Where the partner is free still, what it would like counts half, unless both cannot have it.
    else if (!conflicts.has(each, right))
      eachHint(hints[right], (wish, much) => add(wish, Math.min(much, weight) / 2));
  }
  for (const neighbour of conflicts.of(each)) {
    if ((registers[neighbour] ?? -1) >= 0) continue;
    eachHint(hints[neighbour], (wish, much) => add(wish, -much / 4));
  }
  let best = -1;
  for (const register of PREFERENCE) {
    if ((free & (1 << register)) === 0) continue;
    if (best < 0 || (score[register] ?? 0) > (score[best] ?? 0)) best = register;
  }
  return best;
}

/** The registers that no neighbour has. */
function freeFor(each: Virtual, { conflicts, allowed }: Classes, registers: Int8Array): number {
  let taken = 0;
  for (const neighbour of conflicts.of(each)) {
    const register = registers[neighbour] ?? -1;
    if (register >= 0) taken |= 1 << register;
  }
  return (allowed[each] ?? 0) & ~taken;
}

/** Who had better make room: the class itself, or all the neighbours that have one of the registers it may have. */
function cheapest(
  each: Virtual,
  { conflicts, cost, allowed }: Classes,
  registers: Int8Array,
): readonly Virtual[] {
  const holders = new Map<number, Virtual[]>();
  for (const neighbour of conflicts.of(each)) {
    const register = registers[neighbour] ?? -1;
    if (register < 0 || ((allowed[each] ?? 0) & (1 << register)) === 0) continue;
    const list = holders.get(register);
    if (list) list.push(neighbour);
    else holders.set(register, [neighbour]);
  }
  const costOf = (list: readonly Virtual[]): number => list.reduce((sum, one) => sum + (cost[one] ?? 0), 0);
  let best: readonly Virtual[] = [each];
  for (const list of holders.values()) if (costOf(list) < costOf(best)) best = list;
  return best;
}
