/**
 * The scalars of a `.bpf.ts` file. Each name is a type for `tsc` and a value: `u16` describes two bytes of
 * memory, and `u16(x)` is the cast of C. The types are flavours: a plain number fits all of them, `u8` widens
 * silently to `u16` and `u32`, but a `u32` is no `u16`, and a `be16` is no `u16` at all. 64 bits are bigints.
 *
 * The JavaScript value of `be16 be32 be64` is the number it means (port 80 is 80, 10.0.0.1 is 0x0a000001), on
 * every machine; only the bytes in memory are in network order. Codecs and the compiler see to that.
 */
import { describe } from './describe.ts';
import { WaggleError } from './errors.ts';
import type { Described } from './types.ts';

export type u8 = number & { readonly __scalar?: 8 };
export type u16 = number & { readonly __scalar?: 8 | 16 };
export type u32 = number & { readonly __scalar?: 8 | 16 | 32 };
export type u64 = bigint & { readonly __scalar?: 64 };
export type i8 = number & { readonly __scalar?: 'i8' };
export type i16 = number & { readonly __scalar?: 'i8' | 'i16' };
export type i32 = number & { readonly __scalar?: 'i8' | 'i16' | 'i32' };
export type i64 = bigint & { readonly __scalar?: 'i64' };
/** 16 bits in network byte order; the value is the number it means. */
export type be16 = number & { readonly __scalar?: 'be16' };
/** 32 bits in network byte order; the value is the number it means. */
export type be32 = number & { readonly __scalar?: 'be32' };
/** 64 bits in network byte order; the value is the number it means. */
export type be64 = bigint & { readonly __scalar?: 'be64' };
export type bool = boolean;

/** The name of a scalar, in programs and in messages. */
export type ScalarName =
  | 'u8'
  | 'u16'
  | 'u32'
  | 'u64'
  | 'i8'
  | 'i16'
  | 'i32'
  | 'i64'
  | 'be16'
  | 'be32'
  | 'be64'
  | 'bool';

/** What can be cast to a scalar: an integer of any size, or a boolean (1 and 0). */
export type Castable = number | bigint | boolean;

/** The type of one number (or boolean) in memory, and the cast to it. */
export interface Scalar<T = unknown> extends Described<T> {
  /**
   * The cast of C: keeps the low bits, so `u16(70000)` is 4464 and `u8(-1)` is 255; to bool it asks for
   * non-zero. A cast to or from be16, be32, be64 keeps the number meant, hence swaps bytes in the program
   * where the machine needs it. Throws OUT_OF_RANGE for a number that is no integer, WRONG_TYPE for anything
   * else.
   */
  (value: Castable): T;
  readonly kind: 'scalar';
  readonly name: ScalarName;
  readonly bits: 8 | 16 | 32 | 64;
  readonly signed: boolean;
  /** `network` for be16, be32 and be64; `native` for all others. */
  readonly byteOrder: 'native' | 'network';
}

export const u8: Scalar<u8> = numeric('u8', 8);
export const u16: Scalar<u16> = numeric('u16', 16);
export const u32: Scalar<u32> = numeric('u32', 32);
export const u64: Scalar<u64> = wide('u64');
export const i8: Scalar<i8> = numeric('i8', 8, { signed: true });
export const i16: Scalar<i16> = numeric('i16', 16, { signed: true });
export const i32: Scalar<i32> = numeric('i32', 32, { signed: true });
export const i64: Scalar<i64> = wide('i64', { signed: true });
export const be16: Scalar<be16> = numeric('be16', 16, { byteOrder: 'network' });
export const be32: Scalar<be32> = numeric('be32', 32, { byteOrder: 'network' });
export const be64: Scalar<be64> = wide('be64', { byteOrder: 'network' });
/** One byte, 0 or 1; any other byte reads as true. */
export const bool: Scalar<bool> = scalar('bool', 8, {}, (value) => Number(integerOf('bool', value)) !== 0);

/** The smallest and the largest integer that a scalar holds, both inclusive; 0 and 1 for bool. */
export function rangeOf(type: Scalar): readonly [minimum: bigint, maximum: bigint] {
  if (type.name === 'bool') return [0n, 1n];
  const values = 1n << BigInt(type.bits);
  return type.signed ? [-values / 2n, values / 2n - 1n] : [0n, values - 1n];
}

/**
 * Host to network order. In user space the number stays the same, for a be16 is the number it means; in a
 * program the compiler swaps the bytes where the machine needs it. Throws OUT_OF_RANGE or WRONG_TYPE if it is
 * no u16.
 */
export function hton16(value: u16): be16 {
  return checkedNumber('hton16', value, u16);
}

/** Host to network order, 32 bits; see {@link hton16}. */
export function hton32(value: u32): be32 {
  return checkedNumber('hton32', value, u32);
}

/** Host to network order, 64 bits; see {@link hton16}. */
export function hton64(value: u64): be64 {
  return checkedBigint('hton64', value, u64);
}

/**
 * Network to host order. In user space the number stays the same; in a program the compiler swaps the bytes
 * where the machine needs it. Throws OUT_OF_RANGE or WRONG_TYPE if the value is no be16.
 */
export function ntoh16(value: be16): u16 {
  return checkedNumber('ntoh16', value, be16);
}

/** Network to host order, 32 bits; see {@link ntoh16}. */
export function ntoh32(value: be32): u32 {
  return checkedNumber('ntoh32', value, be32);
}

/** Network to host order, 64 bits; see {@link ntoh16}. */
export function ntoh64(value: be64): u64 {
  return checkedBigint('ntoh64', value, be64);
}

interface Variant {
  readonly signed?: boolean;
  readonly byteOrder?: 'native' | 'network';
}

function scalar<T>(
  name: ScalarName,
  bits: 8 | 16 | 32 | 64,
  { signed = false, byteOrder = 'native' }: Variant,
  cast: (value: Castable) => T,
): Scalar<T> {
  const size = bits / 8;
  // A function has a read-only `name` of its own; Object.assign could not replace it.
  Object.defineProperty(cast, 'name', { value: name, enumerable: true });
  const properties = { kind: 'scalar', name, size, alignment: size, bits, signed, byteOrder } as const;
  const { name: _, ...rest } = properties;
  return Object.freeze(Object.assign(cast, rest)) as Scalar<T>;
}

function numeric(name: ScalarName, bits: 8 | 16 | 32, variant: Variant = {}): Scalar<number> {
  const shift = 32 - bits;
  return scalar(name, bits, variant, (value) => {
    const integer = integerOf(name, value);
    const low = typeof integer === 'bigint' ? Number(BigInt.asUintN(32, integer)) : integer;
    return variant.signed ? (low << shift) >> shift : (low << shift) >>> shift;
  });
}

function wide(name: ScalarName, variant: Variant = {}): Scalar<bigint> {
  const wrap = variant.signed ? BigInt.asIntN : BigInt.asUintN;
  return scalar(name, 64, variant, (value) => wrap(64, BigInt(integerOf(name, value))));
}

function integerOf(name: ScalarName, value: Castable): number | bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'number') {
    throw new WaggleError(
      'WRONG_TYPE',
      `${name}() casts a number, bigint or boolean, got ${describe(value)}`,
    );
  }
  if (!Number.isInteger(value)) {
    throw new WaggleError('OUT_OF_RANGE', `${name}() casts integers, got ${describe(value)}`);
  }
  return value;
}

function checkedNumber(what: string, value: number, type: Scalar<number>): number {
  if (typeof value !== 'number') {
    throw new WaggleError('WRONG_TYPE', `${what}() needs a number (${type.name}), got ${describe(value)}`);
  }
  if (!Number.isInteger(value) || type(value) !== value) throw outOfRange(what, value, type);
  return value;
}

function checkedBigint(what: string, value: bigint, type: Scalar<bigint>): bigint {
  if (typeof value !== 'bigint') {
    throw new WaggleError('WRONG_TYPE', `${what}() needs a bigint (${type.name}), got ${describe(value)}`);
  }
  if (type(value) !== value) throw outOfRange(what, value, type);
  return value;
}

function outOfRange(what: string, value: number | bigint, type: Scalar): WaggleError {
  return new WaggleError('OUT_OF_RANGE', `${what}(): ${describe(value)} does not fit ${typeRange(type)}`);
}

/** The name of a scalar with its range, as messages show it: `be16 (0 … 65535)`. */
export function typeRange(type: Scalar): string {
  const [minimum, maximum] = rangeOf(type);
  return `${type.name} (${minimum} … ${maximum})`;
}
