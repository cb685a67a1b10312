/**
 * Removes instructions and block parameters of which nobody needs the result. Selection writes down addresses and
 * truncations without asking who uses them; this is where those go that were folded into their users.
 */
import {
  hasEffect,
  isVirtual,
  type MachineFunction,
  type MachineInstruction,
  machineEdges,
  type Operand,
  terminatorArgs,
  withEdges,
} from './machine.ts';

/** The function without what has neither effect nor user. The entry keeps its parameters: the caller sets them. */
export function removeDead(machine: MachineFunction): MachineFunction {
  const needed = new Uint8Array(machine.registerCount);
  const work: number[] = [];
  const need = (operands: readonly Operand[]): void => {
    for (const operand of operands) {
      if (!isVirtual(operand) || needed[operand]) continue;
      needed[operand] = 1;
      work.push(operand);
    }
  };

  const sources = new Map<number, Operand[]>();
  const definitions = new Map<number, MachineInstruction>();
  for (const { instructions, terminator } of machine.blocks) {
    for (const instruction of instructions) {
      if (instruction.to !== undefined) definitions.set(instruction.to, instruction);
      if (hasEffect(instruction)) need(instruction.args);
    }
    need(terminatorArgs(terminator));
    for (const { block, args } of machineEdges(terminator)) {
      for (const [place, param] of (machine.blocks[block]?.params ?? []).entries()) {
        const arg = args[place];
        if (!isVirtual(param) || arg === undefined) continue;
        const list = sources.get(param);
        if (list) list.push(arg);
        else sources.set(param, [arg]);
      }
    }
  }
  for (let register = work.pop(); register !== undefined; register = work.pop()) {
    need(definitions.get(register)?.args ?? []);
    need(sources.get(register) ?? []);
  }

  const isNeeded = (operand: Operand | undefined): boolean => !isVirtual(operand) || needed[operand] === 1;
  const blocks = machine.blocks.map(({ params, instructions, terminator }, index) => ({
    params: index === 0 ? params : params.filter(isNeeded),
    instructions: instructions.filter((each) => hasEffect(each) || isNeeded(each.to)),
    terminator: withEdges(terminator, ({ block, args }) => {
      if (block === 0) return { block, args };
      const params = machine.blocks[block]?.params ?? [];
      return { block, args: args.filter((_, place) => isNeeded(params[place])) };
    }),
  }));
  return { ...machine, blocks };
}
