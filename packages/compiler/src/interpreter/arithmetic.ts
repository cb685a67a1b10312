/**
 * What the arithmetic and the comparisons of RFC 9669 compute, as pure functions. 64 bits are bigints from 0 to 2^64 - 1;
 * 32 bits are numbers of which only the low 32 bits count, also in results: whoever stores them cuts them.
 */
import { AluOperation, JumpOperation } from '../backend/opcode.ts';

// The engine computes with 64 bits instead of bigints of any size where it sees that the result is cut to 64.
const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value);
const signed = (value: bigint): bigint => BigInt.asIntN(64, value);

/** `left operation right` in 64 bits. Division by zero yields 0, remainder by zero `left`; shifts use 6 bits of `right`. */
export function compute64(operation: number, left: bigint, right: bigint, isSigned: boolean): bigint {
  switch (operation) {
    case AluOperation.add:
      return unsigned(left + right);
    case AluOperation.sub:
      return unsigned(left - right);
    case AluOperation.mul:
      return unsigned(left * right);
    case AluOperation.div:
      if (right === 0n) return 0n;
      return unsigned(isSigned ? signed(left) / signed(right) : left / right);
    case AluOperation.mod:
      if (right === 0n) return left;
      return unsigned(isSigned ? signed(left) % signed(right) : left % right);
    case AluOperation.or:
      return left | right;
    case AluOperation.and:
      return left & right;
    case AluOperation.xor:
      return left ^ right;
    case AluOperation.lsh:
      return unsigned(left << (right & 63n));
    case AluOperation.rsh:
      return left >> (right & 63n);
    case AluOperation.arsh:
      return unsigned(signed(left) >> (right & 63n));
    default:
      return right;
  }
}

/** `left operation right` in 32 bits, with the same rules; shifts use 5 bits of `right`. */
export function compute32(operation: number, left: number, right: number, isSigned: boolean): number {
  switch (operation) {
    case AluOperation.add:
      return left + right;
    case AluOperation.sub:
      return left - right;
    case AluOperation.mul:
      return Math.imul(left, right);
    case AluOperation.div:
      if (right === 0) return 0;
      return isSigned ? (left | 0) / (right | 0) : (left >>> 0) / (right >>> 0);
    case AluOperation.mod:
      if (right === 0) return left;
      return isSigned ? (left | 0) % (right | 0) : (left >>> 0) % (right >>> 0);
    case AluOperation.or:
      return left | right;
    case AluOperation.and:
      return left & right;
    case AluOperation.xor:
      return left ^ right;
    case AluOperation.lsh:
      return left << (right & 31);
    case AluOperation.rsh:
      return (left >>> 0) >>> (right & 31);
    case AluOperation.arsh:
      return (left | 0) >> (right & 31);
    default:
      return right;
  }
}

/** The low 8, 16 or 32 bits of `value`, extended with their sign to 64. */
export const extendSign = (bits: number, value: bigint): bigint => unsigned(BigInt.asIntN(bits, value));

/** The low `bits` of `value`, their bytes in reverse if `isSwap`. */
export function swapBytes(bits: number, value: bigint, isSwap: boolean): bigint {
  if (!isSwap) return BigInt.asUintN(bits, value);
  let swapped = 0n;
  for (let shift = 0; shift < bits; shift += 8)
    swapped = (swapped << 8n) | ((value >> BigInt(shift)) & 0xffn);
  return swapped;
}

/** Whether `left operation right` holds in 64 bits. */
export function holds64(operation: number, left: bigint, right: bigint): boolean {
  switch (operation) {
    case JumpOperation.equal:
      return left === right;
    case JumpOperation.notEqual:
      return left !== right;
    case JumpOperation.greater:
      return left > right;
    case JumpOperation.greaterOrEqual:
      return left >= right;
    case JumpOperation.less:
      return left < right;
    case JumpOperation.lessOrEqual:
      return left <= right;
    case JumpOperation.bitSet:
      return (left & right) !== 0n;
    case JumpOperation.signedGreater:
      return signed(left) > signed(right);
    case JumpOperation.signedGreaterOrEqual:
      return signed(left) >= signed(right);
    case JumpOperation.signedLess:
      return signed(left) < signed(right);
    default:
      return signed(left) <= signed(right);
  }
}

/** Whether `left operation right` holds for two numbers of 32 bits, both unsigned. */
export function holds32(operation: number, left: number, right: number): boolean {
  switch (operation) {
    case JumpOperation.equal:
      return left === right;
    case JumpOperation.notEqual:
      return left !== right;
    case JumpOperation.greater:
      return left > right;
    case JumpOperation.greaterOrEqual:
      return left >= right;
    case JumpOperation.less:
      return left < right;
    case JumpOperation.lessOrEqual:
      return left <= right;
    case JumpOperation.bitSet:
      return (left & right) !== 0;
    case JumpOperation.signedGreater:
      return (left | 0) > (right | 0);
    case JumpOperation.signedGreaterOrEqual:
      return (left | 0) >= (right | 0);
    case JumpOperation.signedLess:
      return (left | 0) < (right | 0);
    default:
      return (left | 0) <= (right | 0);
  }
}
