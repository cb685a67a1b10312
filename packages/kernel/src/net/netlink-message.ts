/**
 * Netlink's wire format (RFC 3549; include/uapi/linux/netlink.h). A message is a header of 16 bytes, the fixed struct
 * of its family, and attributes: length, type, payload, padded to 4 bytes; an attribute may hold attributes.
 * Integers are in host order (little endian on every machine that waggle runs on) unless a name says otherwise.
 *
 * Nothing here knows the kernel: bytes in, bytes out. What is read may be anything: every length is checked, every step
 * moves on, and bytes that do not parse are a MALFORMED error.
 */
import { describe, WaggleError } from '@waggle/bpf';

const HEADER_SIZE = 16;
const ATTRIBUTE_HEADER_SIZE = 4;
const LARGEST_ATTRIBUTE = 0xffff;
/** NLA_F_NESTED; beside it stands NLA_F_NET_BYTEORDER, and what is left is the type. */
const NESTED = 0x8000;
const TYPE_MASK = 0x3fff;

/** Control messages (NLMSG_*). */
export const MessageType = { noop: 1, error: 2, done: 3, overrun: 4 } as const;

/** Flags of a message (NLM_F_*). The second half shares its bits: a GET reads them as `dump`, a NEW as what to do about an existing object. */
export const MessageFlag = {
  request: 0x1,
  multipart: 0x2,
  acknowledge: 0x4,
  dumpInterrupted: 0x10,
  acknowledgeAttributes: 0x200,
  capped: 0x100,
  dump: 0x300,
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
  append: 0x800,
} as const;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

function align(length: number): number {
  return (length + 3) & ~3;
}

function malformed(what: string): WaggleError {
  return new WaggleError('MALFORMED', `malformed netlink message: ${what}`);
}

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

/** One message as it came. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly portId: number;
  /** What follows the header; a view of the bytes that were parsed. */
  readonly payload: Uint8Array;
}

/**
 * Splits what one receive returned into messages.
 * @throws WaggleError MALFORMED
 */
export function parseMessages(bytes: Uint8Array): Message[] {
  const view = viewOf(bytes);
  const messages: Message[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const room = bytes.length - offset;
    if (room < HEADER_SIZE) throw malformed(`${room} bytes left where a header of 16 should be`);
    const length = view.getUint32(offset, true);
    if (length < HEADER_SIZE || length > room) throw malformed(`length ${length} with ${room} bytes left`);
    messages.push({
      type: view.getUint16(offset + 4, true),
      flags: view.getUint16(offset + 6, true),
      sequence: view.getUint32(offset + 8, true),
      portId: view.getUint32(offset + 12, true),
      payload: bytes.subarray(offset + HEADER_SIZE, offset + length),
    });
    offset += align(length);
  }
  return messages;
}

/**
 * The payload of a message in its two parts: the struct of the family (`size` bytes), and the attributes.
 * @throws WaggleError MALFORMED
 */
export function parsePayload(
  payload: Uint8Array,
  size: number,
): { header: DataView; attributes: Attributes } {
  if (payload.length < size) throw malformed(`${payload.length} bytes where a struct of ${size} should be`);
  return { header: viewOf(payload), attributes: Attributes.parse(payload.subarray(align(size))) };
}

/** One attribute: its type without flag bits, and its payload. */
export interface Attribute {
  readonly type: number;
  readonly payload: Uint8Array;
}

/**
 * The attributes of one level. The readers answer undefined for an attribute that is not there, and the last one where a
 * type occurs twice (as the kernel does); lists are read through {@link entries}.
 */
export class Attributes {
  /** All attributes in the order of the message. */
  readonly entries: readonly Attribute[];
  readonly #byType = new Map<number, Uint8Array>();

  private constructor(entries: readonly Attribute[]) {
    this.entries = entries;
    for (const { type, payload } of entries) this.#byType.set(type, payload);
  }

  /** @throws WaggleError MALFORMED */
  static parse(bytes: Uint8Array): Attributes {
    const view = viewOf(bytes);
    const entries: Attribute[] = [];
    for (let offset = 0; offset < bytes.length; ) {
      const room = bytes.length - offset;
      if (room < ATTRIBUTE_HEADER_SIZE) throw malformed(`${room} bytes left where an attribute should be`);
      const length = view.getUint16(offset, true);
      const type = view.getUint16(offset + 2, true) & TYPE_MASK;
      if (length < ATTRIBUTE_HEADER_SIZE || length > room) {
        throw malformed(`attribute ${type} has length ${length} with ${room} bytes left`);
      }
      entries.push({ type, payload: bytes.subarray(offset + ATTRIBUTE_HEADER_SIZE, offset + length) });
      offset += align(length);
    }
    return new Attributes(entries);
  }

  has(type: number): boolean {
    return this.#byType.has(type);
  }

  bytes(type: number): Uint8Array | undefined {
    return this.#byType.get(type);
  }

  u8(type: number): number | undefined {
    return this.#view(type, 1)?.getUint8(0);
  }

  u16(type: number): number | undefined {
    return this.#view(type, 2)?.getUint16(0, true);
  }

  u16BigEndian(type: number): number | undefined {
    return this.#view(type, 2)?.getUint16(0, false);
  }

  u32(type: number): number | undefined {
    return this.#view(type, 4)?.getUint32(0, true);
  }

  i32(type: number): number | undefined {
    return this.#view(type, 4)?.getInt32(0, true);
  }

  u32BigEndian(type: number): number | undefined {
    return this.#view(type, 4)?.getUint32(0, false);
  }

  u64(type: number): bigint | undefined {
    return this.#view(type, 8)?.getBigUint64(0, true);
  }

  /** Text up to its NUL, or up to the end. */
  text(type: number): string | undefined {
    const payload = this.#byType.get(type);
    return payload === undefined ? undefined : textOf(payload);
  }

  nested(type: number): Attributes | undefined {
    const payload = this.#byType.get(type);
    return payload === undefined ? undefined : Attributes.parse(payload);
  }

  /** A payload of at least `size` bytes. */
  #view(type: number, size: number): DataView | undefined {
    const payload = this.#byType.get(type);
    if (payload === undefined) return undefined;
    if (payload.length < size)
      throw malformed(`attribute ${type} has ${payload.length} bytes instead of ${size}`);
    return viewOf(payload);
  }
}

/** The text in a payload, up to its NUL or its end. */
export function textOf(payload: Uint8Array): string {
  const end = payload.indexOf(0);
  return decoder.decode(end === -1 ? payload : payload.subarray(0, end));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** What an NLMSG_ERROR or NLMSG_DONE says: the result (0 or a negative error number) and the kernel's own sentence. */
export interface Acknowledgement {
  readonly result: number;
  readonly sentence: string | undefined;
}

/** NLMSGERR_ATTR_MSG */
const ERROR_SENTENCE = 1;

/** @throws WaggleError MALFORMED */
export function parseAcknowledgement(message: Message): Acknowledgement {
  const { payload, flags, type } = message;
  const view = viewOf(payload);
  if (payload.length < 4) {
    // A dump's end may come bare from old families; an error never does.
    if (type === MessageType.done) return { result: 0, sentence: undefined };
    throw malformed('an error message without its number');
  }
  const result = view.getInt32(0, true);
  if ((flags & MessageFlag.acknowledgeAttributes) === 0) return { result, sentence: undefined };
  let start = 4;
  if (type === MessageType.error) {
    // The request is quoted: its header only when capped, else the whole of it.
    if (payload.length < 4 + HEADER_SIZE) throw malformed('an error message without the header it answers');
    const quoted = (flags & MessageFlag.capped) === 0 ? view.getUint32(4, true) : HEADER_SIZE;
    start += align(Math.max(quoted, HEADER_SIZE));
  }
  if (start > payload.length)
    throw malformed(`an error message that quotes more than its ${payload.length} bytes`);
  return { result, sentence: Attributes.parse(payload.subarray(start)).text(ERROR_SENTENCE) };
}
