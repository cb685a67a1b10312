/**
 * The intermediate representation: functions in static single assignment form, with block parameters where others have
 * phi nodes. It is plain data, survives JSON, and says everything that the back end needs: run time needs no TypeScript.
 *
 *     program xdp
 *
 *     function classify(%0: context): i32
 *     b0:
 *       %1: packet? = packetAt %0 +12 size 2
 *       %2: packet? = const 0
 *       branch notEqual %1 %2 ? b1 : b2
 *     b1:
 *       %3: i32 = load u16 %1 +0  ; const type = … (parse.bpf.ts:7:3)
 *       return %3
 *     b2:
 *       %4: i32 = const 0
 *       return %4
 *
 * A value is defined once, by an instruction or as a parameter of a block, and its definition dominates every use.
 */
import type { ProgramType } from '@waggle/bpf';
import type { Origin } from '../backend/instruction.ts';
import type { IrType } from './type.ts';

export type { Origin };

/** A value, by number; numbers are unique in a function. */
export type Value = number;
/** A block, by its place in the function's list when it was made; stays the same when others are removed. */
export type BlockId = number;

export type BinaryOperator =
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
  | 'shiftLeft'
  | 'shiftRight'
  | 'signedShiftRight';

export type Comparison =
  | 'equal'
  | 'notEqual'
  | 'less'
  | 'lessOrEqual'
  | 'greater'
  | 'greaterOrEqual'
  | 'signedLess'
  | 'signedLessOrEqual'
  | 'signedGreater'
  | 'signedGreaterOrEqual'
  /** `left & right` is not zero. */
  | 'bitSet';

/** Bytes of a memory access. */
export type AccessSize = 1 | 2 | 4 | 8;

export type AtomicOperator =
  | 'add'
  | 'and'
  | 'or'
  | 'xor'
  | 'fetchAdd'
  | 'fetchAnd'
  | 'fetchOr'
  | 'fetchXor'
  | 'exchange'
  /** `args` are pointer, expected, replacement; the result is the old value. */
  | 'compareExchange';

/** What an instruction does; `args` are the values it uses, in the order given here. */
export type Operation =
  /** A constant of the instruction's type; 0 of a nullable pointer type is null. */
  | { readonly op: 'const'; readonly value: bigint }
  /** A value that is known when the program is loaded. */
  | { readonly op: 'config'; readonly config: string; readonly field: string }
  /** A number that is written into the finished code, one of a list; it has at most that many bits, unsigned. */
  | { readonly op: 'late'; readonly number: number; readonly bits: number }
  /**
   * left, right: both of the type of the result. Division by zero is 0, the remainder the dividend; shifts use the low 5
   * or 6 bits of the right. `sub` also takes two pointers into a packet, and yields the `i64` between them.
   */
  | { readonly op: BinaryOperator }
  /** left, right: 1 or 0, an `i32`. */
  | { readonly op: 'compare'; readonly comparison: Comparison }
  /** An `i32` to `i64`, the upper half zero. */
  | { readonly op: 'zeroExtend' }
  /** The low 8, 16 or 32 bits, sign extended to the type of the result. */
  | { readonly op: 'signExtend'; readonly bits: 8 | 16 | 32 }
  /** An `i64` to its low half. */
  | { readonly op: 'truncate' }
  /** Reverses the low bytes of a value between the machine's order and network order; upper bits become zero. */
  | { readonly op: 'swapBytes'; readonly bits: 16 | 32 | 64 }
  /** pointer: reads memory, zero extended; `i64` for 8 bytes, `i32` for less. A pointer type where the verifier keeps one there. */
  | { readonly op: 'load'; readonly size: AccessSize; readonly offset: number; readonly volatile?: boolean }
  /** pointer, value: writes the low bytes of the value. */
  | { readonly op: 'store'; readonly size: AccessSize; readonly offset: number }
  /** pointer, value (see {@link AtomicOperator}). */
  | {
      readonly op: 'atomic';
      readonly operator: AtomicOperator;
      readonly size: 4 | 8;
      readonly offset: number;
    }
  /** pointer, index (`i64`): the pointer moved by that many bytes. */
  | { readonly op: 'offsetPointer' }
  /** context: the start (`data`), metadata or end of the packet. */
  | { readonly op: 'packetBound'; readonly bound: 'data' | 'meta' | 'end' }
  /**
   * context, and optionally a variable offset (`i64`, at most 65535): a pointer to `size` bytes of the packet `offset` bytes after its start (plus
   * the variable offset), or null when the packet is shorter.
   */
  | { readonly op: 'packetAt'; readonly offset: number; readonly size: number }
  /** Memory on the stack, uninitialised; of type `stack`. */
  | { readonly op: 'stackSlot'; readonly size: number; readonly alignment: number }
  /** The handle of a map, of type `map`. */
  | { readonly op: 'mapReference'; readonly map: string }
  /** The address of a byte in the only value of an array map, of type `mapValue`. */
  | { readonly op: 'mapValueReference'; readonly map: string; readonly offset: number }
  /** The address of a function of the module, of type `function`, for bpf_loop and callbacks. */
  | { readonly op: 'functionReference'; readonly function: string }
  /** The arguments of a helper of the kernel, by number; `kills` when it may move the packet. */
  | { readonly op: 'callHelper'; readonly helper: number; readonly kills?: 'packet' }
  /** The arguments of a kernel function, found by name in the kernel's BTF when the program is loaded. */
  | { readonly op: 'callKernel'; readonly function: string; readonly kills?: 'packet' }
  /** The arguments of another function of the module. */
  | { readonly op: 'call'; readonly function: string }
  /** context, map, index: continues in another program; falls through when there is none. */
  | { readonly op: 'tailCall' }
  /**
   * An offset into a kernel struct that is found in the running kernel's BTF (CO-RE); an `i64`. `size` is how many bytes the
   * program takes the field to have; `narrow` if it is an integer of which the kernel may have fewer.
   */
  | {
      readonly op: 'fieldOffset';
      readonly struct: string;
      readonly path: string;
      readonly size?: number;
      readonly narrow?: boolean;
    }
  /** 1 if the running kernel has the field, else 0; an `i32`. */
  | { readonly op: 'fieldExists'; readonly struct: string; readonly path: string }
  /**
   * Where in the registers that a probe sees (`struct pt_regs`) an argument of the function is, or its result; an `i64`. It
   * depends on the machine.
   */
  | { readonly op: 'registerOffset'; readonly holds: number | 'result' };

/** An instruction. */
export type IrInstruction = Operation & {
  readonly id: Value;
  readonly type: IrType;
  readonly args: readonly Value[];
  readonly origin?: Origin;
};

/** A jump to a block with the values of its parameters. */
export interface Edge {
  readonly block: BlockId;
  readonly args: readonly Value[];
}

/** How a block ends. */
export type Terminator =
  | { readonly op: 'jump'; readonly to: Edge; readonly origin?: Origin }
  | {
      readonly op: 'branch';
      readonly comparison: Comparison;
      readonly left: Value;
      readonly right: Value;
      readonly then: Edge;
      readonly otherwise: Edge;
      readonly origin?: Origin;
    }
  | { readonly op: 'return'; readonly value: Value | undefined; readonly origin?: Origin }
  /** Control never gets here. */
  | { readonly op: 'unreachable'; readonly origin?: Origin };

export interface Parameter {
  readonly id: Value;
  readonly type: IrType;
}

export interface Block {
  readonly id: BlockId;
  readonly params: readonly Parameter[];
  readonly instructions: readonly IrInstruction[];
  readonly terminator: Terminator;
}

/** A function; the first block is its entry, and the parameters of that block are those of the function. */
export interface IrFunction {
  readonly name: string;
  readonly result: IrType;
  readonly blocks: readonly Block[];
  /** `static` functions are verified where they are called, `global` ones once by themselves. */
  readonly linkage: 'program' | 'static' | 'global';
}

/** A compiled program: its entry function first, then those it calls. */
export interface IrProgram {
  /** Where it is attached, which decides what its context looks like. */
  readonly type: ProgramType;
  readonly functions: readonly IrFunction[];
}
