/**
 * What register allocation has to respect and what it would like: which virtual registers are needed at the same time,
 * which real registers each may have, which two had better share one (saving a move), which real one suits (arguments and
 * results of calls), and how often each is used.
 */
import { loopDepths } from '../ir/graph.ts';
import { Conflicts } from './conflicts.ts';
import { LiveRegisters } from './live-registers.ts';
import type { Liveness } from './liveness.ts';
import {
  isCall,
  isVirtual,
  type MachineBlock,
  type MachineFunction,
  type MachineInstruction,
  machineEdges,
  type Operand,
  type Registers,
  terminatorArgs,
  type Virtual,
} from './machine.ts';

/** r0-r9 as bits; r10 is the frame pointer. */
export const ALL_REGISTERS = 0x3ff;
/** r6-r9, which calls leave alone. */
export const KEPT_REGISTERS = 0x3c0;
const WITHOUT_R0 = ALL_REGISTERS & ~1;

const NON_COMMUTATIVE = ['sub', 'div', 'mod', 'signedDiv', 'signedMod', 'lsh', 'rsh', 'arsh'];

/** Two registers that had better be one. */
export interface Affinity {
  readonly left: Virtual;
  readonly right: Virtual;
  readonly weight: number;
}

export interface Interference {
  readonly conflicts: Conflicts;
  /** Bits of the real registers that each may have. */
  readonly allowed: Uint16Array;
  readonly affinities: readonly Affinity[];
  /** By virtual register: how much it would like each real one. */
  readonly hints: readonly (Float64Array | undefined)[];
  /** How often each is written or read, as far as loops tell. */
  readonly cost: Float64Array;
  /** The same for blocks. */
  readonly frequency: readonly number[];
}

/** How often blocks run, relative to the entry: a loop is taken to run ten times. */
export function frequenciesOf({ blocks }: MachineFunction): number[] {
  const depths = loopDepths(
    blocks.map(({ terminator }) => machineEdges(terminator).map(({ block }) => block)),
  );
  return [...depths].map((depth) => 10 ** Math.min(depth, 6));
}

/** Finds all of it in one walk backwards through every block. */
export function interferenceOf(machine: MachineFunction, { entry, exit }: Liveness): Interference {
  const collector = new Collector(machine);
  for (const [index, block] of machine.blocks.entries()) {
    const [start, end] = [entry[index], exit[index]];
    if (start && end) collector.block(block, index, start, end);
  }
  return collector;
}

class Collector implements Interference {
  readonly conflicts: Conflicts;
  readonly allowed: Uint16Array;
  readonly affinities: Affinity[] = [];
  readonly hints: (Float64Array | undefined)[];
  readonly cost: Float64Array;
  readonly frequency: readonly number[];
  readonly #machine: MachineFunction;
  #weight = 1;

  constructor(machine: MachineFunction) {
    const count = machine.registerCount;
    this.#machine = machine;
    this.conflicts = new Conflicts(Array.from({ length: count }, () => []));
    this.allowed = new Uint16Array(count).fill(ALL_REGISTERS);
    this.hints = Array.from({ length: count }, () => undefined);
    this.cost = new Float64Array(count);
    this.frequency = frequenciesOf(machine);
  }

  block(
    { params, instructions, terminator }: MachineBlock,
    index: number,
    start: Registers,
    end: Registers,
  ): void {
    this.#weight = this.frequency[index] ?? 1;
    const live = new LiveRegisters(end);
    this.#use(terminatorArgs(terminator));
    if (terminator.op === 'return') this.#hint(terminator.args[0], 0);
    for (const { block, args } of machineEdges(terminator)) {
      this.#use(args);
      for (const [place, param] of (this.#machine.blocks[block]?.params ?? []).entries()) {
        this.#like(param, args[place]);
      }
    }
    for (let place = instructions.length - 1; place >= 0; place--) {
      const instruction = instructions[place];
      if (instruction) this.#instruction(instruction, live);
    }
    const registers = params.filter(isVirtual);
    for (const [place, param] of registers.entries()) {
      this.cost[param] = (this.cost[param] ?? 0) + this.#weight;
      for (const other of start) this.conflicts.add(param, other);
      for (const other of registers.slice(0, place)) this.#conflict(param, other);
      if (index === 0) this.#hint(param, params.indexOf(param) + 1);
    }
  }

  #instruction(instruction: MachineInstruction, live: LiveRegisters): void {
    const { to, args } = instruction;
    if (to !== undefined) {
      live.delete(to);
      for (const other of live.all) this.conflicts.add(to, other);
      this.cost[to] = (this.cost[to] ?? 0) + this.#weight;
    }
    if (isCall(instruction)) {
      for (const register of live.all) this.#restrict(register, KEPT_REGISTERS);
      this.#hint(to, 0);
      for (let place = 0; place < args.length; place++) this.#hint(args[place], place + 1);
    }
    this.#use(args);
    this.#shape(instruction, live);
    for (const arg of args) if (isVirtual(arg)) live.add(arg);
  }

  /** What an instruction's form asks for: its first operand is overwritten by the result. */
  #shape(instruction: MachineInstruction, live: LiveRegisters): void {
    const { to, args } = instruction;
    const [first, second, third] = args;
    switch (instruction.op) {
      case 'move':
      case 'negate':
      case 'toBig':
      case 'moveSigned':
        this.#like(to, first);
        break;
      case 'alu':
        this.#like(to, first);
        if (!NON_COMMUTATIVE.includes(instruction.operation)) this.#like(to, second);
        else if (first !== second) this.#conflict(to, second);
        break;
      case 'compare':
        // The result is written before the operands are compared.
        this.#conflict(to, first);
        this.#conflict(to, second);
        break;
      case 'atomic':
        if (instruction.operator === 'compareExchange') {
          for (const register of live.all) this.#restrict(register, WITHOUT_R0);
          this.#restrict(first, WITHOUT_R0);
          this.#restrict(third, WITHOUT_R0);
          this.#hint(second, 0);
          this.#hint(to, 0);
        } else if (to !== undefined) {
          this.#like(to, second);
          this.#conflict(to, first);
        }
        break;
    }
  }

  #use(operands: readonly Operand[]): void {
    for (const operand of operands) {
      if (isVirtual(operand)) this.cost[operand] = (this.cost[operand] ?? 0) + this.#weight;
    }
  }

  #conflict(left: Operand | undefined, right: Operand | undefined): void {
    if (isVirtual(left) && isVirtual(right)) this.conflicts.add(left, right);
  }

  #restrict(register: Operand | undefined, mask: number): void {
    if (isVirtual(register)) this.allowed[register] = (this.allowed[register] ?? 0) & mask;
  }

  #like(left: Operand | undefined, right: Operand | undefined): void {
    if (!isVirtual(left) || !isVirtual(right) || left === right) return;
    this.affinities.push({ left, right, weight: this.#weight });
  }

  #hint(operand: Operand | undefined, register: number): void {
    if (!isVirtual(operand)) return;
    const hints = this.hints[operand] ?? new Float64Array(10);
    hints[register] = (hints[register] ?? 0) + this.#weight;
    this.hints[operand] = hints;
  }
}
