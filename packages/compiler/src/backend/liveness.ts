/**
 * Which virtual registers are still needed at the start and at the end of every block. Most live within one block; only
 * those that are needed in another one than where they are made take part in the walk over blocks, under numbers of their own.
 */
import { reversePostorder } from '../ir/graph.ts';
import { BitSet } from './bit-set.ts';
import { LiveRegisters } from './live-registers.ts';
import {
  isVirtual,
  type MachineBlock,
  type MachineFunction,
  machineEdges,
  type Operand,
  type Registers,
  terminatorArgs,
  type Virtual,
} from './machine.ts';

export interface Liveness {
  /** By block: needed at its start, without its parameters. */
  readonly entry: readonly Registers[];
  /** By block: needed after its last instruction, by its terminator, its edges or a later block. */
  readonly exit: readonly Registers[];
}

/** Walks the blocks backwards until nothing changes. */
export function livenessOf({ blocks, registerCount }: MachineFunction): Liveness {
  const successors = blocks.map(({ terminator }) => machineEdges(terminator).map(({ block }) => block));
  const last = blocks.map(lastOperands);
  const needs = needsOf(blocks, last, registerCount);
  const { shared, numberOf } = sharedBetween(needs, registerCount);
  const numbers = (registers: Registers): BitSet => {
    const set = new BitSet(shared.length);
    for (const register of registers) {
      const number = numberOf(register);
      if (number >= 0) set.add(number);
    }
    return set;
  };
  const entry = needs.map(numbers);
  const defined = blocks.map((block) => numbers(definedIn(block)));
  const exit = blocks.map(() => new BitSet(shared.length));
  const order = reversePostorder(successors).reverse();
  for (let changed = true; changed; ) {
    changed = false;
    for (const index of order) {
      const [end, start, own] = [exit[index], entry[index], defined[index]];
      if (!end || !start || !own) continue;
      let grown = false;
      for (const successor of successors[index] ?? []) {
        const needed = entry[successor];
        if (needed && end.addAll(needed)) grown = true;
      }
      if (grown && start.addAllBut(end, own)) changed = true;
    }
  }
  const registersIn = (set: BitSet): Virtual[] => {
    const registers: Virtual[] = [];
    set.each((number) => registers.push(shared[number] ?? 0));
    return registers;
  };
  return {
    entry: entry.map(registersIn),
    exit: exit.map((set, index) => {
      const live = new LiveRegisters(registersIn(set));
      for (const operand of last[index] ?? []) if (isVirtual(operand)) live.add(operand);
      return live.all;
    }),
  };
}

/** By block: what it needs that it does not make itself. */
function needsOf(
  blocks: readonly MachineBlock[],
  last: readonly (readonly Operand[])[],
  registerCount: number,
): Virtual[][] {
  // Where in the walk a register was last found needed, and where it was made: what is later counts.
  const needed = new Uint8Array(registerCount);
  return blocks.map(({ params, instructions }, index) => {
    const found: Virtual[] = [];
    const need = (operands: readonly Operand[]): void => {
      for (const operand of operands) {
        if (!isVirtual(operand) || needed[operand]) continue;
        needed[operand] = 1;
        found.push(operand);
      }
    };
    need(last[index] ?? []);
    for (let place = instructions.length - 1; place >= 0; place--) {
      const instruction = instructions[place];
      if (!instruction) continue;
      if (instruction.to !== undefined) needed[instruction.to] = 0;
      need(instruction.args);
    }
    for (const param of params) if (isVirtual(param)) needed[param] = 0;
    const open = found.filter((register) => needed[register]);
    for (const register of found) needed[register] = 0;
    return open;
  });
}

/** The registers that one block needs and another makes, ascending, and their places in that list: -1 for others. */
function sharedBetween(needs: readonly Registers[], registerCount: number) {
  const numbers = new Int32Array(registerCount).fill(-1);
  for (const registers of needs) for (const register of registers) numbers[register] = 0;
  const shared: Virtual[] = [];
  for (const [register, number] of numbers.entries()) {
    if (number === 0) numbers[register] = shared.push(register) - 1;
  }
  return { shared, numberOf: (register: Virtual): number => numbers[register] ?? -1 };
}

/** What a block uses after its last instruction. */
const lastOperands = ({ terminator }: MachineBlock): readonly Operand[] => [
  ...terminatorArgs(terminator),
  ...machineEdges(terminator).flatMap(({ args }) => args),
];

function definedIn({ params, instructions }: MachineBlock): Virtual[] {
  const defined = params.filter(isVirtual);
  for (const { to } of instructions) if (to !== undefined) defined.push(to);
  return defined;
}
