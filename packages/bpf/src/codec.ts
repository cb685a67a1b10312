/**
 * Codecs turn JavaScript values into the bytes of a type and back. `codecOf` writes a reader and a writer for
 * the type (codec-source.ts) and keeps them, so every place that handles a type shares one codec. Writers
 * check everything: bytes that they let through are what the type says, padding zeroed (a map compares keys
 * byte by byte).
 */
import { readerSource, writerSource } from './codec-source.ts';
import { describe } from './describe.ts';
import { WaggleError } from './errors.ts';
import { explain } from './explain.ts';
import { getText, putText } from './text.ts';
import { isType, type Type, typeName } from './types.ts';

/** Reads and writes values of one type. */
export interface Codec<T> {
  /** Bytes of a value. */
  readonly size: number;
  /**
   * Writes `size` bytes at `offset`. Throws WRONG_TYPE, OUT_OF_RANGE, UNKNOWN_FIELD, MISSING_FIELD or
   * WRONG_SIZE with the path of the fault; some of the bytes at `offset` may have been written by then, so
   * hand nobody a buffer whose write failed.
   */
  write(view: DataView, offset: number, value: T): void;
  /**
   * Reads `size` bytes at `offset`; the value shares no memory with the view. Throws WRONG_SIZE outside of
   * it.
   */
  read(view: DataView, offset: number): T;
  /** The bytes of a value, in a fresh array. Throws like {@link write}. */
  encode(value: T): Uint8Array;
  /** The value of exactly `size` bytes. Throws WRONG_SIZE when there are more or fewer. */
  decode(bytes: Uint8Array): T;
}

/** Whether this machine keeps the low byte of a number first. */
export const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

const codecs = new WeakMap<object, unknown>();

/**
 * The codec of a type; the same type object always gets the same codec. Throws BAD_DECLARATION if it is no
 * type.
 */
export function codecOf<T>(type: Type<T>): Codec<T> {
  if (!isType(type))
    throw new WaggleError('BAD_DECLARATION', `codecOf() needs a type, got ${describe(type)}`);
  const known = codecs.get(type) as Codec<T> | undefined;
  if (known !== undefined) return known;
  const codec = makeCodec(type);
  codecs.set(type, codec);
  return codec;
}

type Reader<T> = (view: DataView, offset: number) => T;
type Writer<T> = (view: DataView, offset: number, value: T) => boolean;

function makeCodec<T>(type: Type<T>): Codec<T> {
  const { size } = type;
  const readValue = compile<Reader<T>>('view, offset', readerSource(type, littleEndian));
  const writeValue = compile<Writer<T>>('view, offset, value', writerSource(type, littleEndian));

  function write(view: DataView, offset: number, value: T): void {
    if (!(offset >= 0 && offset + size <= view.byteLength)) throw outside(type, view, offset);
    if (!writeValue(view, offset, value)) throw explain(type, value);
  }

  function read(view: DataView, offset: number): T {
    if (!(offset >= 0 && offset + size <= view.byteLength)) throw outside(type, view, offset);
    return readValue(view, offset);
  }

  function encode(value: T): Uint8Array {
    const scratch = takeScratch();
    write(scratch.view, 0, value);
    spare = scratch;
    return new Uint8Array(scratch.bytes);
  }

  function decode(bytes: Uint8Array): T {
    if (!(bytes instanceof Uint8Array)) {
      throw new WaggleError(
        'WRONG_TYPE',
        `${typeName(type)} is read from a Uint8Array, got ${describe(bytes)}`,
      );
    }
    if (bytes.length !== size) {
      throw new WaggleError('WRONG_SIZE', `${typeName(type)} is ${size} bytes, got ${bytes.length}`);
    }
    const scratch = takeScratch();
    scratch.bytes.set(bytes);
    spare = scratch;
    return readValue(scratch.view, 0);
  }

  // A DataView of its own for every small array of bytes would cost several times the reading and writing.
  let spare: Scratch | undefined;

  /**
   * Taken by one encode or decode at a time: a getter of a value may come back here, and then gets another
   * one.
   */
  function takeScratch(): Scratch {
    const scratch = spare ?? makeScratch(size);
    spare = undefined;
    return scratch;
  }

  return Object.freeze({ size, write, read, encode, decode });
}

interface Scratch {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

function makeScratch(size: number): Scratch {
  const bytes = new Uint8Array(size);
  return { bytes, view: new DataView(bytes.buffer) };
}

function compile<F>(parameters: string, body: string): F {
  const scope = { getText, putText, getBytes, putBytes };
  const source = `'use strict'; return (${parameters}) => {\n${body}\n};`;
  return new Function(...Object.keys(scope), source)(...Object.values(scope));
}

// Below this length a loop is faster than the view that a bulk copy needs.
const SHORTEST_BULK_COPY = 64;

function getBytes(view: DataView, offset: number, length: number): Uint8Array {
  if (length >= SHORTEST_BULK_COPY)
    return new Uint8Array(view.buffer, view.byteOffset + offset, length).slice();
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = view.getUint8(offset + index);
  return bytes;
}

function putBytes(view: DataView, offset: number, length: number, value: unknown): boolean {
  if (!(value instanceof Uint8Array) || value.length !== length) return false;
  if (length >= SHORTEST_BULK_COPY) {
    new Uint8Array(view.buffer, view.byteOffset + offset, length).set(value);
    return true;
  }
  for (let index = 0; index < length; index++) view.setUint8(offset + index, value[index] ?? 0);
  return true;
}

function outside(type: Type, view: DataView, offset: number): WaggleError {
  return new WaggleError(
    'WRONG_SIZE',
    `${typeName(type)} needs ${type.size} bytes at offset ${describe(offset)} of a view of ${view.byteLength} bytes`,
  );
}
