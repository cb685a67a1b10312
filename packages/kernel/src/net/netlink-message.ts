/**
 * Netlink's wire format (RFC 3549; include/uapi/linux/netlink.h). A message is a header of 16 bytes, the fixed struct
 * of its family, and attributes: length, type, payload, padded to 4 bytes; an attribute may hold attributes.
 * Integers are in host order (little endian on every machine that waggle runs on) unless a name says otherwise.
 *
 * This file reads, and message-builder.ts writes. What is read may be anything: every length is checked, every step
 * moves on, and bytes that do not parse are a MALFORMED error.
 */
import { WaggleError } from '@waggle/bpf';

export const HEADER_SIZE = 16;
export const ATTRIBUTE_HEADER_SIZE = 4;
/** Without NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
const TYPE_MASK = 0x3fff;

/** Control messages (NLMSG_*). */
export const MessageType = { error: 2, done: 3 } as const;

/**
 * Flags of a message (NLM_F_*). Bits from 0x100 on mean one thing in a request to read (`dump`), another in a request to
 * change (what to do about an object that is there), and a third in an answer.
 */
export const MessageFlag = {
  request: 0x1,
  acknowledge: 0x4,
  dumpInterrupted: 0x10,
  dump: 0x300,
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
  append: 0x800,
  capped: 0x100,
  acknowledgeAttributes: 0x200,
} as const;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The next multiple of four. */
export function align(length: number): number {
  return (length + 3) & ~3;
}

function malformed(what: string): WaggleError {
  return new WaggleError('MALFORMED', `malformed netlink message: ${what}`);
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
    if (payload.length < size) {
      throw malformed(`attribute ${type} has ${payload.length} bytes instead of ${size}`);
    }
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
  if (start > payload.length) {
    throw malformed(`an error message that quotes more than its ${payload.length} bytes`);
  }
  return { result, sentence: Attributes.parse(payload.subarray(start)).text(ERROR_SENTENCE) };
}
