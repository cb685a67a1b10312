/**
 * The operands that both syntaxes of assembly have in common: registers, immediates, addresses, targets of jumps, and what
 * is called.
 */
import {
  callFunction,
  callHelper,
  callKernelFunction,
  type Instruction,
  type RegisterOperand,
  r0,
  r1,
  r2,
  r3,
  r4,
  r5,
  r6,
  r7,
  r8,
  r9,
  r10,
} from './instruction.ts';
import { type Cursor, suggestion, type Token } from './text-lexer.ts';
import { helperNumbers } from './text-syntax.ts';

/** The registers by number. */
export const registers: readonly RegisterOperand[] = [r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10];
const [, ...positive] = registers;

/** A statement as it was read: an instruction, and the line it stands on. */
export interface Statement {
  readonly instruction: Instruction;
  /** The target of a jump when it was given as a distance in slots instead of a label. */
  readonly distance?: number;
  /** A called name that is a function of the program if there is a label of this name, a helper otherwise. */
  readonly callee?: Token;
}

/** Whether the next word is a register, `r0` to `r10`, or `w0` to `w10` where 32 bits are meant. */
export const atRegister = (cursor: Cursor): boolean => /^[rw]\d+$/.test(cursor.peek().text);

/** A register, and whether it was named by its low 32 bits. */
export function anyRegister(cursor: Cursor): { operand: RegisterOperand; narrow: boolean } {
  const token = cursor.peek();
  if (!atRegister(cursor)) throw cursor.unexpected('a register');
  const operand = registers[Number(token.text.slice(1))];
  if (!operand)
    throw cursor.error(`there is no register ${token.text}`, `They are r0 to r${positive.length}`);
  cursor.next();
  return { operand, narrow: token.text.startsWith('w') };
}

/** A register by either name. */
export const register = (cursor: Cursor): RegisterOperand => anyRegister(cursor).operand;

/** An immediate of 32 bits, signed or not. */
export function immediate(cursor: Cursor): number {
  const token = cursor.peek();
  const value = cursor.integer('a register or a number');
  if (value < -0x8000_0000n || value > 0xffff_ffffn) {
    throw cursor.error(
      `${value} does not fit an immediate of 32 bits`,
      'Use lddw, or "ll" after the number',
      token,
    );
  }
  return Number(value);
}

/** The second operand of arithmetic, comparisons and stores. */
export const registerOrImmediate = (cursor: Cursor): RegisterOperand | number =>
  atRegister(cursor) ? register(cursor) : immediate(cursor);

/** A 64-bit immediate, signed or not. */
export function immediate64(cursor: Cursor): bigint {
  const token = cursor.peek();
  const value = cursor.integer();
  if (value < -(1n << 63n) || value >= 1n << 64n) {
    throw cursor.error(`${value} does not fit 64 bits`, undefined, token);
  }
  return value;
}

/** A register and an optional signed offset: what stands in the brackets of an address. */
export function address(cursor: Cursor): { base: RegisterOperand; offset: number } {
  const base = register(cursor);
  if (!cursor.atInteger()) return { base, offset: 0 };
  const token = cursor.peek();
  const offset = Number(cursor.integer());
  if (offset < -0x8000 || offset > 0x7fff) {
    throw cursor.error(`${offset} does not fit an offset of 16 bits`, undefined, token);
  }
  return { base, offset };
}

/** Where a jump goes: a label, or a distance as `+3`, `-3` or, in the kernel's way, `pc+3`. */
export function target(cursor: Cursor): { label: string; distance?: number } {
  if (cursor.peek().text === 'pc' && ['+', '-'].includes(cursor.peek(1).text)) cursor.next();
  const { text } = cursor.peek();
  if (text === '+' || text === '-') return { label: '', distance: Number(cursor.integer()) };
  return { label: cursor.word('a label or a distance such as +3') };
}

/** A jump that `make` builds for a target. */
export function jumpTo(cursor: Cursor, make: (label: string) => Instruction): Statement {
  const { label, distance } = target(cursor);
  return { instruction: make(label), ...(distance === undefined ? {} : { distance }) };
}

/**
 * What follows `call`: a helper by number or name (`5`, `helper 5`, `map_lookup_elem#1`), a function of the program (`local
 * name`, `name`, `pc+3`), or a kernel function by BTF id (`runtime 77`, `kernel_function#77`).
 */
export function callStatement(cursor: Cursor): Statement {
  const token = cursor.peek();
  const following = cursor.peek(1);
  if (token.kind === 'number') return { instruction: callHelper(immediate(cursor)) };
  if (atRegister(cursor)) {
    throw cursor.error('a call by register is no instruction of RFC 9669', 'Call helpers by number');
  }
  if (token.text === 'helper' && following.kind === 'number') {
    cursor.next();
    return { instruction: callHelper(immediate(cursor)) };
  }
  if (token.text === 'runtime' && following.kind === 'number') {
    cursor.next();
    return { instruction: callKernelFunction(immediate(cursor)) };
  }
  if (following.text === '#') {
    const name = cursor.word('a function');
    cursor.expect('#');
    const number = immediate(cursor);
    return { instruction: name === 'kernel_function' ? callKernelFunction(number) : callHelper(number) };
  }
  if (token.text === 'local' && following.kind !== 'end') {
    cursor.next();
    return jumpTo(cursor, callFunction);
  }
  if (token.kind === 'sign' || (token.text === 'pc' && following.kind === 'sign'))
    return jumpTo(cursor, callFunction);
  return { instruction: callFunction(cursor.word('a function')), callee: token };
}

/** The call of a helper by its name in the kernel, with or without `bpf_`. */
export function helperByName(cursor: Cursor, token: Token): Instruction {
  const name = token.text.replace(/^bpf_/, '');
  const number = helperNumbers.get(name);
  if (number !== undefined) return callHelper(number);
  const hint = suggestion(name, helperNumbers.keys());
  throw cursor.error(`there is no function and no helper "${token.text}"`, hint, token);
}
