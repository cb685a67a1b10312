/** Which virtual registers are still needed at the start and at the end of every block. */
import { reversePostorder } from '../ir/graph.ts';
import { BitSet } from './bit-set.ts';
import {
  isVirtual,
  type MachineBlock,
  type MachineFunction,
  machineEdges,
  terminatorArgs,
} from './machine.ts';

export interface Liveness {
  /** By block: needed at its start, without its parameters. */
  readonly entry: readonly BitSet[];
  /** By block: needed after its last instruction, by its terminator, its edges or a later block. */
  readonly exit: readonly BitSet[];
}

/** Walks the blocks backwards until nothing changes. */
export function livenessOf({ blocks, registerCount }: MachineFunction): Liveness {
  const successors = blocks.map(({ terminator }) => machineEdges(terminator).map(({ block }) => block));
  const order = reversePostorder(successors).reverse();
  const entry = blocks.map(() => new BitSet(registerCount));
  const exit = blocks.map((block) => atTerminator(block, registerCount));
  // What a block needs itself is known after the first walk; then only what lives through it can grow.
  const defined = blocks.map((block) => definedIn(block, registerCount));
  for (const index of order) {
    const block = blocks[index];
    const own = entry[index];
    const end = exit[index];
    if (block && own && end) own.addAll(atStart(block, end));
  }
  for (let changed = true; changed; ) {
    changed = false;
    for (const index of order) {
      const end = exit[index];
      const start = entry[index];
      if (!end || !start) continue;
      let grown = false;
      for (const successor of successors[index] ?? []) {
        const needed = entry[successor];
        if (needed && end.addAll(needed)) grown = true;
      }
      if (!grown) continue;
      changed = true;
      end.each((register) => {
        if (!defined[index]?.has(register)) start.add(register);
      });
    }
  }
  return { entry, exit };
}

function atTerminator({ terminator }: MachineBlock, count: number): BitSet {
  const live = new BitSet(count);
  for (const operand of terminatorArgs(terminator)) if (isVirtual(operand)) live.add(operand);
  for (const { args } of machineEdges(terminator)) {
    for (const operand of args) if (isVirtual(operand)) live.add(operand);
  }
  return live;
}

function definedIn({ params, instructions }: MachineBlock, count: number): BitSet {
  const defined = new BitSet(count);
  for (const param of params) if (isVirtual(param)) defined.add(param);
  for (const { to } of instructions) if (to !== undefined) defined.add(to);
  return defined;
}

function atStart({ params, instructions }: MachineBlock, end: BitSet): BitSet {
  const live = end.copy();
  for (const { to, args } of [...instructions].reverse()) {
    if (to !== undefined) live.delete(to);
    for (const operand of args) if (isVirtual(operand)) live.add(operand);
  }
  for (const param of params) if (isVirtual(param)) live.delete(param);
  return live;
}
