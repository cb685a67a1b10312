/**
 * What generated programs compute with: numbers as the language means them (a `be16` is the number, not its bytes), memory as
 * bytes. This is the reference that compiled programs are compared with, so nothing of the compiler is used here.
 */
import type { Scalar } from '@waggle/bpf';

/** Some bytes and a place in them. */
export interface Place {
  readonly bytes: Uint8Array;
  readonly at: number;
}

/** All that changes while a program runs, by name. Names are unique in a program, and nothing calls itself. */
export interface Memory {
  readonly numbers: Map<string, bigint>;
  readonly pointers: Map<string, Place | undefined>;
  readonly packet: Uint8Array;
  readonly config: Readonly<Record<string, number | bigint | boolean>>;
  /** The values of maps, by name and by their key as text. */
  readonly maps: Readonly<Record<string, Map<string, Uint8Array>>>;
}

const isSigned = (type: Scalar): boolean => type.signed;

/** The number that is left of `value` in a type; what is not zero is true. */
export function wrap(type: Scalar, value: bigint): bigint {
  if (type.name === 'bool') return value === 0n ? 0n : 1n;
  return isSigned(type) ? BigInt.asIntN(type.bits, value) : BigInt.asUintN(type.bits, value);
}

/** Reads a number of that type. */
export function read(type: Scalar, { bytes, at }: Place): bigint {
  let value = 0n;
  for (let index = 0; index < type.size; index++) {
    const place = type.byteOrder === 'network' ? index : type.size - 1 - index;
    value = (value << 8n) | BigInt(bytes[at + place] ?? 0);
  }
  return wrap(type, value);
}

/** Writes a number of that type. */
export function write(type: Scalar, { bytes, at }: Place, value: bigint): void {
  for (let index = 0; index < type.size; index++) {
    const place = type.byteOrder === 'network' ? type.size - 1 - index : index;
    bytes[at + place] = Number((BigInt.asUintN(64, value) >> BigInt(8 * index)) & 0xffn);
  }
}

/** `left operator right`, computed in `type`: integers that wrap, division towards zero, and by zero as the machine does it. */
export function compute(operator: string, type: Scalar, left: bigint, right: bigint): bigint {
  const width = BigInt(type.bits);
  switch (operator) {
    case '+':
      return wrap(type, left + right);
    case '-':
      return wrap(type, left - right);
    case '*':
      return wrap(type, left * right);
    case '/':
      return right === 0n ? 0n : wrap(type, left / right);
    case '%':
      return right === 0n ? left : wrap(type, left % right);
    case '&':
      return wrap(type, left & right);
    case '|':
      return wrap(type, left | right);
    case '^':
      return wrap(type, left ^ right);
    case '<<':
      return wrap(type, left << (right & (width - 1n)));
    default:
      return wrap(type, left >> (right & (width - 1n)));
  }
}

/** Whether a comparison of numbers holds. */
export function holds(operator: string, left: bigint, right: bigint): boolean {
  switch (operator) {
    case '===':
      return left === right;
    case '!==':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    default:
      return left >= right;
  }
}
