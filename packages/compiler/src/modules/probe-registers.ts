/**
 * Where probes of the kernel find the arguments and the result of a function: in the registers of the machine, as the kernel saves
 * them (`struct pt_regs`: arch/x86/include/asm/ptrace.h, arch/arm64/include/uapi/asm/ptrace.h).
 */
import { WaggleError } from '@waggle/bpf';
import type { IrInstruction, IrProgram } from '../ir/ir.ts';
import { constant, mapBlocks, mapSame, withParts } from '../passes/analysis/rewrite.ts';
import { withFunctions } from '../passes/pass.ts';

interface Registers {
  /** Byte offsets of the registers of the arguments, in order. */
  readonly arguments: readonly number[];
  readonly result: number;
}

/** By the names that Node gives to machines. */
const machines: ReadonlyMap<string, Registers> = new Map([
  // rdi, rsi, rdx, rcx, r8, r9; rax
  ['x64', { arguments: [112, 104, 96, 88, 72, 64], result: 80 }],
  // x0 … x7; x0
  ['arm64', { arguments: [0, 8, 16, 24, 32, 40, 48, 56], result: 0 }],
]);

/**
 * The program with the places of registers as constants.
 * @param name what messages call the program.
 * @throws WaggleError NOT_SUPPORTED for another machine, or an argument that it passes elsewhere.
 */
export function withRegisters(name: string, program: IrProgram, machine: string): IrProgram {
  const replace = (instruction: IrInstruction): IrInstruction => {
    if (instruction.op !== 'registerOffset') return instruction;
    const { id, type, holds } = instruction;
    return constant(id, type, BigInt(offsetOf(name, machine, holds)));
  };
  return withFunctions(
    program,
    mapSame(program.functions, (fn) =>
      mapBlocks(fn, (block) => withParts(block, mapSame(block.instructions, replace), block.terminator)),
    ),
  );
}

function offsetOf(name: string, machine: string, holds: number | 'result'): number {
  const registers = machines.get(machine);
  if (!registers) {
    throw new WaggleError('NOT_SUPPORTED', `program "${name}" cannot probe functions on ${machine}`, {
      hint: `The registers of ${[...machines.keys()].join(' and ')} are known`,
    });
  }
  const offset = holds === 'result' ? registers.result : registers.arguments[holds];
  if (offset !== undefined) return offset;
  throw new WaggleError(
    'NOT_SUPPORTED',
    `program "${name}" asks for argument ${holds}, but ${machine} passes ${registers.arguments.length} in registers`,
  );
}
