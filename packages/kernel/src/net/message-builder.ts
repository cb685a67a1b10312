/**
 * Writes netlink messages (for their format see netlink-message.ts). Lengths are filled in and payloads padded on the way, so
 * what comes out is well formed; a value that its field cannot hold is an error, never cut off.
 */
import { describe, WaggleError } from '@waggle/bpf';
import { ATTRIBUTE_HEADER_SIZE, align, HEADER_SIZE } from './netlink-message.ts';

const LARGEST_ATTRIBUTE = 0xffff;
/** NLA_F_NESTED */
const NESTED = 0x8000;

const encoder = new TextEncoder();

/** Writes one message, front to back: first the fields of the family's struct, then the attributes. */
export class MessageBuilder {
  readonly type: number;
  readonly flags: number;
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = HEADER_SIZE;

  /**
   * @param type the message type of the family, such as RTM_NEWLINK.
   * @param flags what to do about an existing object ({@link MessageFlag}); the socket adds the transport's own.
   */
  constructor(type: number, flags = 0) {
    this.type = type;
    this.flags = flags;
  }

  /** The next fields of the fixed struct, one byte each. */
  u8(...values: number[]): this {
    for (const value of values) this.#view.setUint8(this.#grow(1), unsigned(value, 0xff));
    return this;
  }

  u16(value: number): this {
    this.#view.setUint16(this.#grow(2), unsigned(value, 0xffff), true);
    return this;
  }

  u32(value: number): this {
    this.#view.setUint32(this.#grow(4), unsigned(value, 0xffffffff), true);
    return this;
  }

  addU8(type: number, value: number): this {
    this.#view.setUint8(this.#attribute(type, 1), unsigned(value, 0xff));
    return this;
  }

  addU16(type: number, value: number): this {
    this.#view.setUint16(this.#attribute(type, 2), unsigned(value, 0xffff), true);
    return this;
  }

  /** A 16-bit number in network order, as ports and protocol numbers are. */
  addU16BigEndian(type: number, value: number): this {
    this.#view.setUint16(this.#attribute(type, 2), unsigned(value, 0xffff), false);
    return this;
  }

  addU32(type: number, value: number): this {
    this.#view.setUint32(this.#attribute(type, 4), unsigned(value, 0xffffffff), true);
    return this;
  }

  addU32BigEndian(type: number, value: number): this {
    this.#view.setUint32(this.#attribute(type, 4), unsigned(value, 0xffffffff), false);
    return this;
  }

  addU64(type: number, value: bigint): this {
    if (BigInt.asUintN(64, value) !== value) throw outOfRange(value, '2^64 - 1');
    this.#view.setBigUint64(this.#attribute(type, 8), value, true);
    return this;
  }

  /** Text with its NUL. */
  addText(type: number, text: string): this {
    if (text.includes('\0')) {
      throw new WaggleError('WRONG_TYPE', `${describe(text)} cannot be sent to the kernel: it contains NUL`);
    }
    return this.addBytes(type, encoder.encode(`${text}\0`));
  }

  addBytes(type: number, bytes: Uint8Array): this {
    const offset = this.#attribute(type, bytes.length);
    this.#bytes.set(bytes, offset);
    return this;
  }

  /** An attribute without payload, which means "yes". */
  addFlag(type: number): this {
    this.#attribute(type, 0);
    return this;
  }

  /** An attribute that holds the attributes which `fill` adds. */
  addNested(type: number, fill: (message: this) => void): this {
    return this.addBlock(type | NESTED, fill);
  }

  /** An attribute whose payload is what `fill` writes: a struct, then perhaps attributes. */
  addBlock(type: number, fill: (message: this) => void): this {
    const start = this.#attribute(type, 0) - ATTRIBUTE_HEADER_SIZE;
    fill(this);
    this.#view.setUint16(start, attributeLength(this.#length - start), true);
    this.#length = align(this.#length);
    this.#grow(0);
    return this;
  }

  /**
   * A block that starts with its own length in 16 bits, like one next hop of a multipath route.
   */
  sized(fill: (message: this) => void): this {
    const start = this.#grow(2);
    fill(this);
    this.#view.setUint16(start, attributeLength(this.#length - start), true);
    return this;
  }

  /** The finished bytes: `flags` are added to those of the constructor. */
  finish(flags: number, sequence: number): Uint8Array {
    this.#view.setUint32(0, this.#length, true);
    this.#view.setUint16(4, this.type, true);
    this.#view.setUint16(6, this.flags | flags, true);
    this.#view.setUint32(8, sequence, true);
    return this.#bytes.subarray(0, this.#length);
  }

  /** Makes an attribute and the room for its payload, and answers where the payload begins. */
  #attribute(type: number, size: number): number {
    const length = attributeLength(ATTRIBUTE_HEADER_SIZE + size);
    const start = this.#grow(align(length));
    this.#view.setUint16(start, length, true);
    this.#view.setUint16(start + 2, type, true);
    return start + ATTRIBUTE_HEADER_SIZE;
  }

  /** Appends zero bytes and answers where they begin. */
  #grow(size: number): number {
    const start = this.#length;
    this.#length += size;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(2 * this.#length);
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return start;
  }
}

function unsigned(value: number, largest: number): number {
  if (!Number.isInteger(value) || value < 0 || value > largest) throw outOfRange(value, String(largest));
  return value;
}

function outOfRange(value: number | bigint, largest: string): WaggleError {
  return new WaggleError('OUT_OF_RANGE', `${describe(value)} is not a whole number from 0 to ${largest}`);
}

function attributeLength(length: number): number {
  if (length <= LARGEST_ATTRIBUTE) return length;
  throw new WaggleError(
    'WRONG_SIZE',
    `a netlink attribute of ${length} bytes is longer than the format allows (65535)`,
  );
}
