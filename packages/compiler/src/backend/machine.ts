/**
 * The machine form of a function: instructions that the machine has, on any number of virtual registers, still in SSA form
 * with block parameters. Selection makes it, register allocation gives the registers real numbers, emission writes it.
 *
 * What costs nothing to compute again (constants, addresses in the frame, maps) is an operand and not a register, until an
 * instruction needs it in one. A call takes any operand as an argument: the moves to r1 … r5 are made at the very end, all
 * at once, like those of the edges between blocks.
 */
import type { AtomicOperator, Comparison } from '../ir/ir.ts';
import type { Origin } from './instruction.ts';
import type { Size } from './opcode.ts';

/** A virtual register. */
export type Virtual = number;

/** Registers in ascending order. */
export type Registers = readonly Virtual[];

/** What an instruction can use without a register: it is written into the code or computed from r10. */
export type Recomputable =
  /** A 64-bit pattern, from 0. */
  | { readonly kind: 'constant'; readonly value: bigint }
  /** A number that is written into the finished code; see the IR's `late`. */
  | { readonly kind: 'late'; readonly number: number; readonly bits: number }
  /** The address of a byte of an object in the frame. */
  | { readonly kind: 'frame'; readonly object: number; readonly offset: number }
  | { readonly kind: 'map'; readonly map: string; readonly valueOffset?: number }
  | { readonly kind: 'function'; readonly function: string }
  /** An offset into a kernel struct, patched by the loader. */
  | { readonly kind: 'field'; readonly struct: string; readonly path: string };

/** The content of an object in the frame, where a value lives that found no register. */
export interface Spilled {
  readonly kind: 'spilled';
  readonly object: number;
}

export type Operand = Virtual | Recomputable | Spilled;

export type Width = 32 | 64;

/** Operations of two operands. */
export type AluOperation =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'mod'
  | 'signedDiv'
  | 'signedMod'
  | 'and'
  | 'or'
  | 'xor'
  | 'lsh'
  | 'rsh'
  | 'arsh';

/** What a machine instruction does with its `args`. */
export type MachineOperation =
  /** A recomputable: into the register. */
  | { readonly op: 'set' }
  /** A register; 32 clears the upper half. */
  | { readonly op: 'move'; readonly width: Width }
  /** A register, and a register, constant, late number or field. */
  | { readonly op: 'alu'; readonly operation: AluOperation; readonly width: Width }
  | { readonly op: 'negate'; readonly width: Width }
  | { readonly op: 'toBig'; readonly bits: 16 | 32 | 64 }
  /** Sign extension from the low bits (cpu v4). */
  | { readonly op: 'moveSigned'; readonly bits: 8 | 16 | 32; readonly width: Width }
  /** A register, and a register, constant or late number: 1 when the comparison holds, otherwise 0. */
  | { readonly op: 'compare'; readonly comparison: Comparison; readonly width: Width }
  /** A register or frame address. */
  | { readonly op: 'load'; readonly size: Size; readonly offset: number; readonly keep: boolean }
  /** A register or frame address, and a register, constant or late number. */
  | { readonly op: 'store'; readonly size: Size; readonly offset: number }
  /** A register or frame address, and registers. */
  | {
      readonly op: 'atomic';
      readonly operator: AtomicOperator;
      readonly size: 'u32' | 'u64';
      readonly offset: number;
    }
  | { readonly op: 'callHelper'; readonly helper: number }
  | { readonly op: 'callFunction'; readonly function: string }
  | { readonly op: 'callKernel'; readonly function: string };

export type MachineInstruction = MachineOperation & {
  readonly to: Virtual | undefined;
  readonly args: readonly Operand[];
  readonly origin?: Origin | undefined;
};

export interface MachineEdge {
  readonly block: number;
  readonly args: readonly Operand[];
}

export type MachineTerminator = (
  | { readonly op: 'jump'; readonly to: MachineEdge }
  /** A register, and a register, constant or late number. */
  | {
      readonly op: 'branch';
      readonly comparison: Comparison;
      readonly width: Width;
      readonly args: readonly Operand[];
      readonly then: MachineEdge;
      readonly otherwise: MachineEdge;
    }
  | { readonly op: 'return'; readonly args: readonly Operand[] }
  | { readonly op: 'unreachable' }
) & { readonly origin?: Origin | undefined };

export interface MachineBlock {
  /** Parameters that found no register live in the frame. */
  readonly params: readonly (Virtual | Spilled)[];
  readonly instructions: readonly MachineInstruction[];
  readonly terminator: MachineTerminator;
}

/** Memory in the frame. */
export interface FrameObject {
  readonly size: number;
  readonly alignment: number;
  /** The home of a spilled value: 8 bytes that are only written and read as a whole. */
  readonly home?: true;
}

/** A function; edges name blocks by their places. */
export interface MachineFunction {
  readonly name: string;
  readonly blocks: readonly MachineBlock[];
  readonly objects: readonly FrameObject[];
  /** Virtual registers are 0 … count-1. */
  readonly registerCount: number;
}

export const isVirtual = (operand: Operand | undefined): operand is Virtual => typeof operand === 'number';

/** Whether r0-r5 are lost. */
export const isCall = ({ op }: MachineOperation): boolean =>
  op === 'callHelper' || op === 'callFunction' || op === 'callKernel';

/** Whether an instruction must stay although nobody uses its result. */
export const hasEffect = (instruction: MachineInstruction): boolean =>
  isCall(instruction) ||
  instruction.op === 'store' ||
  instruction.op === 'atomic' ||
  (instruction.op === 'load' && instruction.keep);

/** The edges that leave a block. */
export function machineEdges(terminator: MachineTerminator): readonly MachineEdge[] {
  if (terminator.op === 'jump') return [terminator.to];
  return terminator.op === 'branch' ? [terminator.then, terminator.otherwise] : [];
}

/** What a terminator itself uses, without its edges. */
export const terminatorArgs = (terminator: MachineTerminator): readonly Operand[] =>
  terminator.op === 'branch' || terminator.op === 'return' ? terminator.args : [];

/** The same terminator with other edges. */
export function withEdges(
  terminator: MachineTerminator,
  change: (edge: MachineEdge) => MachineEdge,
): MachineTerminator {
  if (terminator.op === 'jump') return { ...terminator, to: change(terminator.to) };
  if (terminator.op !== 'branch') return terminator;
  const [then, otherwise] = [change(terminator.then), change(terminator.otherwise)];
  return { ...terminator, then, otherwise };
}
