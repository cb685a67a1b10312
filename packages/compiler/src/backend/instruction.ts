/**
 * One eBPF instruction as a value, and a constructor for each form of RFC 9669. Jumps and calls name a label, map
 * references name a map: `assemble` turns both into numbers.
 *
 *     const program = [
 *       alu64.mov(r0, 2),
 *       jump.equal(r1, 0, 'done'),
 *       load('u32', r0, r1, 4),
 *       label('done'),
 *       exit(),
 *     ];
 */
import { WaggleError } from '@waggle/bpf';
import {
  AluOperation,
  AtomicOperation,
  CallKind,
  Class,
  JumpOperation,
  Mode,
  Pseudo,
  Size,
  Source,
} from './opcode.ts';

/** A register number; 10 is the frame pointer, read only. */
export type Register = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;

/** A register operand, told apart from an immediate by its type. */
export interface RegisterOperand {
  readonly register: Register;
}

const operand = (register: Register): RegisterOperand => Object.freeze({ register });

/** r0 results; r1-r5 arguments, lost at calls; r6-r9 kept across calls; r10 the frame pointer. */
export const r0 = operand(0);
export const r1 = operand(1);
export const r2 = operand(2);
export const r3 = operand(3);
export const r4 = operand(4);
export const r5 = operand(5);
export const r6 = operand(6);
export const r7 = operand(7);
export const r8 = operand(8);
export const r9 = operand(9);
export const r10 = operand(10);

/** Where an instruction comes from, for line information. */
export interface Origin {
  readonly file: string;
  /** The text of the line. */
  readonly source: string;
  /** Counted from 1. */
  readonly line: number;
  readonly column: number;
}

/** A map named by an instruction: its handle, or the address of a byte of its (first) value. */
export interface MapReference {
  readonly map: string;
  /** Offset into the value when the value itself is meant. */
  readonly valueOffset?: number;
}

/** A field of a kernel struct, by the names in the kernel's BTF. */
export interface FieldReference {
  readonly struct: string;
  /** Names joined by dots, through nested structs. */
  readonly path: string;
}

/** One instruction; two slots of 8 bytes when it carries a `wide` immediate or a map reference, one otherwise. */
export interface Instruction {
  readonly opcode: number;
  readonly destination: Register;
  readonly source: number;
  readonly offset: number;
  readonly immediate: number;
  /** The 64-bit immediate of a wide load. */
  readonly wide?: bigint;
  /** The map that a wide load refers to. */
  readonly reference?: MapReference;
  /** The label that a jump, a call of a function or the address of a function goes to. */
  readonly target?: string;
  /** The kernel function that a call refers to, found when the program is loaded. */
  readonly kernelFunction?: string;
  /** The field whose offset in the running kernel becomes the immediate. */
  readonly field?: FieldReference;
  /** The late number that becomes the immediate, 64 bits of it in a wide load. */
  readonly late?: number;
  readonly origin?: Origin;
}

/** A place that jumps and calls can name. */
export interface Label {
  readonly label: string;
}

export const label = (name: string): Label => ({ label: name });

type Operand = RegisterOperand | number;

/** Signed 32-bit immediates; 0x8000_0000 … 0xffff_ffff are taken for the negative numbers with the same bits. */
function immediate32(value: number): number {
  if (!Number.isInteger(value) || value < -0x8000_0000 || value > 0xffff_ffff) {
    throw new WaggleError('OUT_OF_RANGE', `${value} does not fit an immediate of 32 bits`, {
      hint: 'Use loadImmediate64 for wider constants',
    });
  }
  return value | 0;
}

function offset16(value: number): number {
  if (!Number.isInteger(value) || value < -0x8000 || value > 0x7fff) {
    throw new WaggleError('OUT_OF_RANGE', `${value} does not fit an offset of 16 bits`);
  }
  return value;
}

function make(
  opcode: number,
  destination: RegisterOperand,
  source: number,
  offset: number,
  immediate: number,
): Instruction {
  return {
    opcode,
    destination: destination.register,
    source,
    offset: offset16(offset),
    immediate: immediate32(immediate),
  };
}

/** `class | operation` with a register or an immediate as the second operand. */
function binary(code: number, destination: RegisterOperand, value: Operand, offset = 0): Instruction {
  return typeof value === 'number'
    ? make(code | Source.immediate, destination, 0, offset, value)
    : make(code | Source.register, destination, value.register, offset, 0);
}

function arithmetic(kind: typeof Class.alu | typeof Class.alu64) {
  const of = (operation: number, offset?: number) => (destination: RegisterOperand, value: Operand) =>
    binary(kind | operation, destination, value, offset);
  return {
    mov: of(AluOperation.mov),
    add: of(AluOperation.add),
    sub: of(AluOperation.sub),
    mul: of(AluOperation.mul),
    div: of(AluOperation.div),
    mod: of(AluOperation.mod),
    /** Signed division and remainder tell themselves by offset 1 (cpu v4). */
    signedDiv: of(AluOperation.div, 1),
    signedMod: of(AluOperation.mod, 1),
    or: of(AluOperation.or),
    and: of(AluOperation.and),
    xor: of(AluOperation.xor),
    lsh: of(AluOperation.lsh),
    rsh: of(AluOperation.rsh),
    arsh: of(AluOperation.arsh),
    neg: (destination: RegisterOperand) => make(kind | AluOperation.neg, destination, 0, 0, 0),
    /** Move with sign extension from 8, 16 or 32 bits (cpu v4). */
    movSigned: (bits: 8 | 16 | 32, destination: RegisterOperand, source: RegisterOperand) =>
      binary(kind | AluOperation.mov, destination, source, bits),
  };
}

/** 64-bit arithmetic. Division by zero yields 0, remainder by zero the dividend. */
export const alu64 = arithmetic(Class.alu64);
/** 32-bit arithmetic; the upper half of the destination becomes zero. */
export const alu32 = arithmetic(Class.alu);

const byteOrder =
  (opcode: number) =>
  (bits: 16 | 32 | 64, destination: RegisterOperand): Instruction =>
    make(opcode, destination, 0, 0, bits);

/** Byte order of the low 16, 32 or 64 bits; the rest becomes zero. `swap` is unconditional (cpu v4). */
export const endian = {
  toLittle: byteOrder(Class.alu | AluOperation.end),
  toBig: byteOrder(Class.alu | AluOperation.end | Source.register),
  swap: byteOrder(Class.alu64 | AluOperation.end),
};

function conditional(kind: typeof Class.jmp | typeof Class.jmp32) {
  const of = (operation: number) => (left: RegisterOperand, right: Operand, target: string) => ({
    ...binary(kind | operation, left, right),
    target,
  });
  return {
    equal: of(JumpOperation.equal),
    notEqual: of(JumpOperation.notEqual),
    greater: of(JumpOperation.greater),
    greaterOrEqual: of(JumpOperation.greaterOrEqual),
    less: of(JumpOperation.less),
    lessOrEqual: of(JumpOperation.lessOrEqual),
    signedGreater: of(JumpOperation.signedGreater),
    signedGreaterOrEqual: of(JumpOperation.signedGreaterOrEqual),
    signedLess: of(JumpOperation.signedLess),
    signedLessOrEqual: of(JumpOperation.signedLessOrEqual),
    /** Taken when `left & right` is not zero. */
    bitSet: of(JumpOperation.bitSet),
  };
}

/** Jumps that compare 64 bits. */
export const jump = conditional(Class.jmp);
/** Jumps that compare the low 32 bits. */
export const jump32 = conditional(Class.jmp32);

/** The unconditional jump. */
export const goto = (target: string): Instruction => ({
  ...make(Class.jmp | JumpOperation.always, r0, 0, 0, 0),
  target,
});

/** The unconditional jump that reaches any slot (cpu v4). */
export const gotoLong = (target: string): Instruction => ({
  ...make(Class.jmp32 | JumpOperation.always, r0, 0, 0, 0),
  target,
});

/** `destination = *(size *)(base + offset)`, zero extended. */
export const load = (
  size: Size,
  destination: RegisterOperand,
  base: RegisterOperand,
  offset: number,
): Instruction => make(Class.ldx | Mode.memory | Size[size], destination, base.register, offset, 0);

/** The same, sign extended (cpu v4). */
export const loadSigned = (
  size: Exclude<Size, 'u64'>,
  destination: RegisterOperand,
  base: RegisterOperand,
  offset: number,
): Instruction => make(Class.ldx | Mode.memorySigned | Size[size], destination, base.register, offset, 0);

/** `*(size *)(base + offset) = value`. */
export const store = (size: Size, base: RegisterOperand, offset: number, value: Operand): Instruction =>
  typeof value === 'number'
    ? make(Class.st | Mode.memory | Size[size], base, 0, offset, value)
    : make(Class.stx | Mode.memory | Size[size], base, value.register, offset, 0);

/** An atomic operation on memory; the fetching ones leave the old value in `value` (compareExchange: in r0). */
export const atomic = (
  operation: keyof typeof AtomicOperation,
  size: 'u32' | 'u64',
  base: RegisterOperand,
  offset: number,
  value: RegisterOperand,
): Instruction =>
  make(Class.stx | Mode.atomic | Size[size], base, value.register, offset, AtomicOperation[operation]);

/**
 * Reads the packet of a socket buffer at a fixed offset, from network order to r0; the program ends, returning 0, when the
 * packet is too short. r6 holds the context, r1-r5 are lost. Deprecated by RFC 9669.
 */
export const loadAbsolute = (size: Exclude<Size, 'u64'>, offset: number): Instruction =>
  make(Class.ld | Mode.absolute | Size[size], r0, 0, 0, offset);

/** The same at `index + offset`. */
export const loadIndirect = (
  size: Exclude<Size, 'u64'>,
  index: RegisterOperand,
  offset: number,
): Instruction => make(Class.ld | Mode.indirect | Size[size], r0, index.register, 0, offset);

const WIDE = Class.ld | Mode.immediate | Size.u64;

/** Loads a 64-bit constant; takes two slots. */
export const loadImmediate64 = (destination: RegisterOperand, value: bigint): Instruction => ({
  ...make(WIDE, destination, Pseudo.none, 0, 0),
  wide: BigInt.asUintN(64, value),
});

/** Loads the handle of a map, for the helpers. */
export const loadMap = (destination: RegisterOperand, map: string): Instruction => ({
  ...make(WIDE, destination, Pseudo.mapFd, 0, 0),
  reference: { map },
});

/** Loads the address of a byte in the value of an array map. */
export const loadMapValue = (
  destination: RegisterOperand,
  map: string,
  valueOffset: number,
): Instruction => ({
  ...make(WIDE, destination, Pseudo.mapValue, 0, 0),
  reference: { map, valueOffset: immediate32(valueOffset) },
});

/** Loads the address of a function of the program, for bpf_loop and callbacks. */
export const loadFunction = (destination: RegisterOperand, target: string): Instruction => ({
  ...make(WIDE, destination, Pseudo.function, 0, 0),
  target,
});

const call = (kind: number, immediate: number): Instruction =>
  make(Class.jmp | JumpOperation.call, r0, kind, 0, immediate);

/** Calls a helper of the kernel by number, see `Helper`. */
export const callHelper = (helper: number): Instruction => call(CallKind.helper, helper);

/** Calls a function of the program. */
export const callFunction = (target: string): Instruction => ({ ...call(CallKind.function, 0), target });

/** Calls a kernel function (kfunc) by its BTF id. */
export const callKernelFunction = (btfId: number): Instruction => call(CallKind.kernelFunction, btfId);

export const exit = (): Instruction => make(Class.jmp | JumpOperation.exit, r0, 0, 0, 0);

/** The same instruction with its place in a source file. */
export const at = (instruction: Instruction, origin: Origin): Instruction => ({ ...instruction, origin });
