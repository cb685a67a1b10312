/**
 * Which objects in the frame may not share bytes. An object is in use from the first access on a path to the last, where
 * every use of a pointer into it counts as an access; homes of spilled values only between a store and the loads that see
 * it. Objects of which a pointer is kept in memory (other than its home) are in use everywhere.
 */
import { reversePostorder } from '../ir/graph.ts';
import { BitSet } from './bit-set.ts';
import {
  isVirtual,
  type MachineBlock,
  type MachineFunction,
  type MachineInstruction,
  machineEdges,
  type Operand,
  terminatorArgs,
} from './machine.ts';

/** The objects that conflict with each object, and those that are used at all. */
export interface FrameConflicts {
  readonly used: ReadonlySet<number>;
  readonly conflicts: readonly ReadonlySet<number>[];
}

/** Finds the conflicts of a function. */
export function frameConflicts(machine: MachineFunction): FrameConflicts {
  if (machine.objects.length === 0) return { used: new Set(), conflicts: [] };
  return new Finder(machine).run();
}

const none: ReadonlySet<number> = new Set();

/** What happens to objects at one point of a block where something does. */
interface Point {
  readonly accessed: ReadonlySet<number>;
  /** The home that is written as a whole, and so needs nothing of what it held. */
  readonly written: number | undefined;
}

class Finder {
  readonly #machine: MachineFunction;
  readonly #pointers: Pointers;
  readonly #used = new Set<number>();
  readonly #conflicts: Set<number>[];

  constructor(machine: MachineFunction) {
    this.#machine = machine;
    this.#pointers = pointersOf(machine);
    this.#conflicts = machine.objects.map(() => new Set());
  }

  run(): FrameConflicts {
    const { blocks, objects } = this.#machine;
    const points = blocks.map((block) => this.#points(block));
    for (const { accessed } of points.flat()) for (const object of accessed) this.#used.add(object);
    const successors = blocks.map(({ terminator }) => machineEdges(terminator).map(({ block }) => block));
    const order = reversePostorder(successors);

    const reached = blocks.map(() => new BitSet(objects.length));
    const needed = blocks.map(() => new BitSet(objects.length));
    for (let changed = true; changed; ) {
      changed = false;
      for (const index of order) {
        const end = reached[index]?.copy();
        if (!end) continue;
        for (const { accessed } of points[index] ?? []) for (const object of accessed) end.add(object);
        for (const successor of successors[index] ?? []) if (reached[successor]?.addAll(end)) changed = true;
      }
      for (const index of [...order].reverse()) {
        const start = this.#neededAfter(successors[index] ?? [], needed);
        for (const point of [...(points[index] ?? [])].reverse()) before(point, start);
        if (needed[index]?.addAll(start)) changed = true;
      }
    }
    for (const index of order) {
      const start = reached[index];
      if (!start) continue;
      this.#collect(points[index] ?? [], start, this.#neededAfter(successors[index] ?? [], needed));
    }
    for (const escaped of this.#pointers.escaped)
      for (const other of this.#used) this.#conflict(escaped, other);
    return { used: this.#used, conflicts: this.#conflicts };
  }

  #neededAfter(successors: readonly number[], needed: readonly BitSet[]): BitSet {
    const after = new BitSet(this.#machine.objects.length);
    for (const successor of successors) {
      const start = needed[successor];
      if (start) after.addAll(start);
    }
    return after;
  }

  #collect(points: readonly Point[], start: BitSet, end: BitSet): void {
    const neededAfter: BitSet[] = [];
    const needed = end;
    for (const point of [...points].reverse()) {
      neededAfter.push(needed.copy());
      before(point, needed);
    }
    const reached = start.copy();
    for (const { accessed } of points) {
      for (const object of accessed) reached.add(object);
      neededAfter.pop()?.each((other) => {
        if (reached.has(other)) for (const object of accessed) this.#conflict(object, other);
      });
      for (const object of accessed) for (const other of accessed) this.#conflict(object, other);
    }
  }

  #conflict(left: number, right: number): void {
    if (left === right) return;
    this.#conflicts[left]?.add(right);
    this.#conflicts[right]?.add(left);
  }

  #points({ params, instructions, terminator }: MachineBlock): Point[] {
    const edges = machineEdges(terminator);
    const targets = edges.flatMap(({ block }) => this.#machine.blocks[block]?.params ?? []);
    const last = [...terminatorArgs(terminator), ...edges.flatMap(({ args }) => args), ...targets];
    const points: Point[] = [];
    const add = (operands: readonly Operand[], written?: number): void => {
      const accessed = this.#accessed(operands);
      if (accessed.size > 0) points.push({ accessed, written });
    };
    add(params);
    for (const instruction of instructions) add(instruction.args, writtenHome(instruction, this.#machine));
    add(last);
    return points;
  }

  #accessed(operands: readonly Operand[]): ReadonlySet<number> {
    if (operands.every((operand) => isVirtual(operand) && this.#pointers.into(operand).size === 0))
      return none;
    const accessed = new Set<number>();
    for (const operand of operands) {
      if (isVirtual(operand)) for (const object of this.#pointers.into(operand)) accessed.add(object);
      else if (operand.kind === 'frame' || operand.kind === 'spilled') {
        accessed.add(operand.object);
        if (operand.kind === 'spilled')
          for (const object of this.#pointers.in(operand.object)) accessed.add(object);
      }
    }
    return accessed;
  }
}

/** From what is needed after a point to what is needed before it. */
function before({ accessed, written }: Point, needed: BitSet): void {
  for (const object of accessed) needed.add(object);
  if (written !== undefined) needed.delete(written);
}

function writtenHome(instruction: MachineInstruction, { objects }: MachineFunction): number | undefined {
  const [base] = instruction.args;
  if (instruction.op !== 'store' || base === undefined || isVirtual(base) || base.kind !== 'frame')
    return undefined;
  return objects[base.object]?.home ? base.object : undefined;
}

/** Where pointers into the frame are: by register, and by the home of a spilled one. */
interface Pointers {
  into(register: number): ReadonlySet<number>;
  in(home: number): ReadonlySet<number>;
  /** Objects of which a pointer is in memory that nobody follows. */
  readonly escaped: ReadonlySet<number>;
}

function pointersOf({ blocks, objects }: MachineFunction): Pointers {
  const registers = new Map<number, Set<number>>();
  const homes = new Map<number, Set<number>>();
  const escaped = new Set<number>();
  let changed = true;

  const of = (operand: Operand | undefined): ReadonlySet<number> => {
    if (operand === undefined) return none;
    if (isVirtual(operand)) return registers.get(operand) ?? none;
    if (operand.kind === 'frame') return new Set([operand.object]);
    return operand.kind === 'spilled' ? (homes.get(operand.object) ?? none) : none;
  };
  const add = (map: Map<number, Set<number>>, holder: number, found: ReadonlySet<number>): void => {
    const known = map.get(holder) ?? new Set();
    for (const object of found) {
      if (known.has(object)) continue;
      map.set(holder, known.add(object));
      changed = true;
    }
  };
  const give = (to: Operand | undefined, found: ReadonlySet<number>): void => {
    if (found.size === 0 || to === undefined) return;
    if (isVirtual(to)) add(registers, to, found);
    else if (to.kind === 'spilled') add(homes, to.object, found);
  };
  const instruction = (each: MachineInstruction): void => {
    const [base, value] = each.args;
    const home =
      base !== undefined && !isVirtual(base) && base.kind === 'frame' && objects[base.object]?.home
        ? base.object
        : undefined;
    if (each.op === 'set' || each.op === 'move') give(each.to, of(base));
    else if (each.op === 'alu') for (const operand of each.args) give(each.to, of(operand));
    else if (each.op === 'load' && home !== undefined) give(each.to, homes.get(home) ?? none);
    else if (each.op === 'store' || each.op === 'atomic') {
      if (home !== undefined) add(homes, home, of(value));
      else for (const operand of each.args.slice(1)) for (const object of of(operand)) escaped.add(object);
    }
  };
  while (changed) {
    changed = false;
    for (const { instructions, terminator } of blocks) {
      for (const each of instructions) instruction(each);
      for (const { block, args } of machineEdges(terminator)) {
        for (const [place, param] of (blocks[block]?.params ?? []).entries()) give(param, of(args[place]));
      }
    }
  }
  return {
    into: (register) => registers.get(register) ?? none,
    in: (home) => homes.get(home) ?? none,
    escaped,
  };
}
