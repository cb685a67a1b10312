/**
 * What the operators of the intermediate representation compute, for passes that compute it ahead of the program. Numbers
 * are the unsigned contents of a register: 0 … 2^32-1 for an `i32`, 0 … 2^64-1 for an `i64`. Corner cases are those of the
 * instruction set (RFC 9669): division by zero is 0, the remainder then the dividend, shifts use the low bits of the right.
 */
import type { BinaryOperator, Comparison, IrInstruction, Value } from '../../ir/ir.ts';
import { binaryOperators, negations } from '../../ir/operators.ts';
import { type IrType, isInteger } from '../../ir/type.ts';

/** Bits of an integer; pointers, which passes only compare, have 64. */
export const widthOf = (type: IrType): 32 | 64 => (type === 'i32' ? 32 : 64);

const LOW_32 = 0xffff_ffffn;
const LOW_64 = 0xffff_ffff_ffff_ffffn;

/** All bits of that width. */
export const onesOf = (width: 32 | 64): bigint => (width === 32 ? LOW_32 : LOW_64);

/** The content of a register of that type that holds a number, negative ones as their two's complement. */
export const normalize = (type: IrType, value: bigint): bigint => BigInt.asUintN(widthOf(type), value);

/** The result of `left operator right`, of that width. */
export function compute(operator: BinaryOperator, width: 32 | 64, left: bigint, right: bigint): bigint {
  return BigInt.asUintN(width, computeExactly(operator, width, left, right));
}

function computeExactly(operator: BinaryOperator, width: 32 | 64, left: bigint, right: bigint): bigint {
  const signed = (value: bigint): bigint => BigInt.asIntN(width, value);
  const amount = right & BigInt(width - 1);
  switch (operator) {
    case 'add':
      return left + right;
    case 'sub':
      return left - right;
    case 'mul':
      return left * right;
    case 'div':
      return right === 0n ? 0n : left / right;
    case 'mod':
      return right === 0n ? left : left % right;
    case 'signedDiv':
      return right === 0n ? 0n : signed(left) / signed(right);
    case 'signedMod':
      return right === 0n ? left : signed(left) % signed(right);
    case 'and':
      return left & right;
    case 'or':
      return left | right;
    case 'xor':
      return left ^ right;
    case 'shiftLeft':
      return left << amount;
    case 'shiftRight':
      return left >> amount;
    case 'signedShiftRight':
      return signed(left) >> amount;
  }
}

/** Whether `left comparison right` holds for numbers of that width. */
export function holds(comparison: Comparison, width: 32 | 64, left: bigint, right: bigint): boolean {
  switch (comparison) {
    case 'equal':
      return left === right;
    case 'notEqual':
      return left !== right;
    case 'less':
      return left < right;
    case 'lessOrEqual':
      return left <= right;
    case 'greater':
      return left > right;
    case 'greaterOrEqual':
      return left >= right;
    case 'signedLess':
      return BigInt.asIntN(width, left) < BigInt.asIntN(width, right);
    case 'signedLessOrEqual':
      return BigInt.asIntN(width, left) <= BigInt.asIntN(width, right);
    case 'signedGreater':
      return BigInt.asIntN(width, left) > BigInt.asIntN(width, right);
    case 'signedGreaterOrEqual':
      return BigInt.asIntN(width, left) >= BigInt.asIntN(width, right);
    case 'bitSet':
      return (left & right) !== 0n;
  }
}

/** The low `bits` of a number in the other byte order. */
export function swapBytes(bits: 16 | 32 | 64, value: bigint): bigint {
  let result = 0n;
  for (let shift = 0n; shift < bits; shift += 8n) result = (result << 8n) | ((value >> shift) & 0xffn);
  return result;
}

/** The low `bits` of a number, sign extended to that width. */
export const signExtend = (bits: 8 | 16 | 32, width: 32 | 64, value: bigint): bigint =>
  BigInt.asUintN(width, BigInt.asIntN(bits, value));

/** The comparison that holds exactly when the given one does not; `bitSet` has none. */
export const opposite = (comparison: Comparison): Comparison | undefined =>
  comparison === 'bitSet' ? undefined : negations[comparison];

/** Whether a comparison of a value with itself holds; undefined for `bitSet`, which depends on the value. */
export function holdsForEqual(comparison: Comparison): boolean | undefined {
  return comparison === 'bitSet' ? undefined : holds(comparison, 64, 0n, 0n);
}

/** What is known of the values that an instruction uses. */
export interface Operands {
  /** The unsigned content of a value, if that is known. */
  constant(value: Value): bigint | undefined;
  type(value: Value): IrType;
}

/** The result of an instruction that computes integers from known ones; undefined for every other. */
export function resultOf(instruction: IrInstruction, operands: Operands): bigint | undefined {
  const { type, args } = instruction;
  if (instruction.op === 'const') return normalize(type, instruction.value);
  const [left, right] = args;
  const first = left === undefined ? undefined : operands.constant(left);
  if (left === undefined || first === undefined || !isInteger(type)) return undefined;
  switch (instruction.op) {
    case 'zeroExtend':
      return first;
    case 'truncate':
      return normalize('i32', first);
    case 'signExtend':
      return signExtend(instruction.bits, widthOf(type), first);
    case 'swapBytes':
      return swapBytes(instruction.bits, first);
    default: {
      const second = right === undefined ? undefined : operands.constant(right);
      if (second === undefined) return undefined;
      const width = widthOf(operands.type(left));
      if (instruction.op === 'compare') {
        return holds(instruction.comparison, width, first, second) ? 1n : 0n;
      }
      return isBinary(instruction.op) ? compute(instruction.op, width, first, second) : undefined;
    }
  }
}

const binary: ReadonlySet<string> = new Set(binaryOperators);

/** Whether an operation is one of the binary operators. */
export const isBinary = (op: string): op is BinaryOperator => binary.has(op);
