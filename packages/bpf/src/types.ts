/**
 * What a value looks like in the memory of the kernel. A `Type` is a plain, frozen description (kind, size,
 * alignment) that carries the type of its JavaScript value for `tsc` only. One description serves everybody:
 * the codecs of user space, the compiler (field offsets), and BTF. Types nest: scalars at the leaves; structs
 * and arrays above them.
 */
import { WaggleError } from './errors.ts';
import type { KernelPointer, KernelStruct } from './kernel-types.ts';
import type { Scalar } from './scalar.ts';
import type { Struct } from './struct.ts';

/** Under which a type carries the type of its values; it does not exist at run time. */
export declare const value: unique symbol;

/** What all types have in common. `T` is the type of the JavaScript value; it does not exist at run time. */
export interface Described<T> {
  /** Bytes that a value takes, trailing padding included. */
  readonly size: number;
  /** The address of a value is a multiple of this many bytes. */
  readonly alignment: number;
  readonly [value]?: T;
}

/** `length` values of the same type, one after the other: C `T name[length]`, JavaScript `T[]`. */
export interface ArrayType<T = unknown> extends Described<T> {
  readonly kind: 'array';
  readonly element: Type;
  readonly length: number;
}

/** Raw bytes: C `unsigned char name[length]`, JavaScript `Uint8Array`. */
export interface BytesType<T = unknown> extends Described<T> {
  readonly kind: 'bytes';
  readonly length: number;
}

/** Text: C `char name[length]`, JavaScript `string`. */
export interface CharsType<T = unknown> extends Described<T> {
  readonly kind: 'chars';
  readonly length: number;
}

/** Any type whose JavaScript value is a `T`; `kind` tells which of the five it is. */
export type Type<T = unknown> = Scalar<T> | ArrayType<T> | BytesType<T> | CharsType<T> | Struct<T>;

/** The JavaScript value of a type: `Infer<typeof ServiceKey>`; of a struct of the kernel, what programs see of it. */
export type Infer<X> =
  X extends Described<infer T> ? T : X extends KernelStruct<infer T> | KernelPointer<infer T> ? T : never;

/** The largest type that can be declared, in bytes; the kernel allows no larger map value by far. */
export const MAX_TYPE_SIZE = 1 << 24;

/**
 * An array of `length` values of `element`; its JavaScript value is an array of exactly that length.
 * Throws BAD_DECLARATION when the length is not an integer of at least 1 or the array is larger than 16 MiB.
 */
export function array<T>(element: Type<T>, length: number): ArrayType<T[]> {
  if (!isType(element)) throw new WaggleError('BAD_DECLARATION', 'array() needs the type of its elements');
  checkLength('array()', length, element.size);
  const { size, alignment } = element;
  return Object.freeze({ kind: 'array', size: size * length, alignment, element, length });
}

/**
 * `length` raw bytes: a MAC address, an IPv6 address, a hash. The JavaScript value is a `Uint8Array` of
 * exactly that length; what is read from the kernel is a copy. Throws BAD_DECLARATION like {@link array}.
 */
export function bytes(length: number): BytesType<Uint8Array> {
  checkLength('bytes()', length, 1);
  return Object.freeze({ kind: 'bytes', size: length, alignment: 1, length });
}

/**
 * A text of up to `length` bytes of UTF-8, padded with NUL bytes. A text that fills all bytes is stored
 * without a NUL at its end, as by C `strncpy`; reading stops at the first NUL, and bytes that are not UTF-8
 * read as U+FFFD. Throws BAD_DECLARATION like {@link array}.
 */
export function chars(length: number): CharsType<string> {
  checkLength('chars()', length, 1);
  return Object.freeze({ kind: 'chars', size: length, alignment: 1, length });
}

/** Whether a value is a type description: a scalar, a struct, or made by array(), bytes() or chars(). */
export function isType(candidate: unknown): candidate is Type {
  if ((typeof candidate !== 'object' && typeof candidate !== 'function') || candidate === null) return false;
  if (!('kind' in candidate && 'size' in candidate && 'alignment' in candidate)) return false;
  return typeof candidate.kind === 'string' && KINDS.has(candidate.kind);
}

/** How a type is called in messages: `u32`, `service_key`, `bytes(6)`, `array(u16, 4)`. */
export function typeName(type: Type): string {
  switch (type.kind) {
    case 'scalar':
    case 'struct':
      return type.name;
    case 'array':
      return `array(${typeName(type.element)}, ${type.length})`;
    default:
      return `${type.kind}(${type.length})`;
  }
}

const KINDS: ReadonlySet<string> = new Set(['scalar', 'array', 'bytes', 'chars', 'struct']);

function checkLength(what: string, length: number, elementSize: number): void {
  if (!Number.isInteger(length) || length < 1) {
    throw new WaggleError('BAD_DECLARATION', `${what} needs a length of at least 1, got ${String(length)}`);
  }
  if (length * elementSize > MAX_TYPE_SIZE) {
    throw new WaggleError(
      'BAD_DECLARATION',
      `${what} of ${length * elementSize} bytes is larger than the largest type of ${MAX_TYPE_SIZE} bytes`,
    );
  }
}
