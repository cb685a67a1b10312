/**
 * Records as the kernel wrote them, read in place: a view that moves over the words of a store. A query over a million flows asks
 * most of them one or two questions; so nothing is made out that nobody asks for, and nothing is allocated.
 */
import { littleEndian } from '@waggle/bpf';
import { Event } from '@waggle/datapath/events';

/** Bytes and words of a record. */
export const RECORD_BYTES = Event.size;
export const RECORD_WORDS = RECORD_BYTES / 4;

/** A type of record of our own, beside those of the kernel: events were lost here. */
export const LOST_RECORD = 254;

const offsetOf = (name: string): number => {
  const field = Event.fields.find((each) => each.name === name);
  if (!field) throw new Error(`the record of an event has no ${name}`);
  return field.offset;
};

const TIME = offsetOf('time') / 4;
const TYPE = offsetOf('type');
const SUBTYPE = offsetOf('subtype');
const TOWARDS = offsetOf('towards');
const REASON = offsetOf('reason');
const INTERFACE = offsetOf('interface') / 4;
const SOURCE = offsetOf('source') / 4;
const DESTINATION = offsetOf('destination') / 4;
const COOKIE = offsetOf('cookie') / 4;
const RESPONDER_COOKIE = offsetOf('responderCookie') / 4;
const ORIGINAL_SOURCE = offsetOf('originalSource');
const PROXY_PORT = offsetOf('proxyPort');
const AUDIT = offsetOf('audit');
const CAPTURED = offsetOf('captured');
const LENGTH = offsetOf('length') / 4;
const DATA = offsetOf('data');
const MAX_CAPTURED = RECORD_BYTES - DATA;

const TWO_32 = 2 ** 32;
const [LOW, HIGH] = littleEndian ? [0, 1] : [1, 0];

/** One record of a store, until it moves on. */
export class RecordView {
  readonly #words: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #original = new Uint32Array(4);
  /** All of the store: what reads a packet in place begins at {@link packetStart}. */
  readonly data: DataView;
  #word = 0;
  #byte = 0;

  constructor(words: Uint32Array) {
    this.#words = words;
    this.#bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
    this.data = new DataView(words.buffer, words.byteOffset, words.byteLength);
  }

  /** Moves to the record that begins at a word. */
  moveTo(word: number): this {
    this.#word = word;
    this.#byte = word * 4;
    return this;
  }

  /** Nanoseconds of the monotonic clock; exact for 104 days after the boot, then to a few nanoseconds. */
  get time(): number {
    return this.#at(TIME + HIGH) * TWO_32 + this.#at(TIME + LOW);
  }

  /** The same, exact. */
  get exactTime(): bigint {
    return (BigInt(this.#at(TIME + HIGH)) << 32n) | BigInt(this.#at(TIME + LOW));
  }

  get type(): number {
    return this.byte(TYPE);
  }

  get subtype(): number {
    return this.byte(SUBTYPE);
  }

  get towards(): number {
    return this.byte(TOWARDS);
  }

  get reason(): number {
    return this.byte(REASON);
  }

  get interface(): number {
    return this.#at(INTERFACE);
  }

  /** Identities; see the kernel's record. */
  get source(): number {
    return this.#at(SOURCE);
  }

  get destination(): number {
    return this.#at(DESTINATION);
  }

  get cookie(): number {
    return this.#at(COOKIE);
  }

  get responderCookie(): number {
    return this.#at(RESPONDER_COOKIE);
  }

  get proxyPort(): number {
    return this.byte(PROXY_PORT) * 256 + this.byte(PROXY_PORT + 1);
  }

  get audit(): number {
    return this.byte(AUDIT);
  }

  /** Bytes of the whole packet. */
  get length(): number {
    return this.#at(LENGTH);
  }

  /** Bytes of the packet that are here, never more than there is room for. */
  get captured(): number {
    const stored = littleEndian
      ? this.byte(CAPTURED) + this.byte(CAPTURED + 1) * 256
      : this.byte(CAPTURED) * 256 + this.byte(CAPTURED + 1);
    return Math.min(stored, MAX_CAPTURED);
  }

  /** Where the packet begins in {@link data}. */
  get packetStart(): number {
    return this.#byte + DATA;
  }

  /** The packet's first bytes, in place: they are others when the record is overwritten. */
  get packet(): Uint8Array {
    const start = this.#byte + DATA;
    return this.#bytes.subarray(start, start + this.captured);
  }

  /** Whether it knows the source before translation. */
  get hasOriginalSource(): boolean {
    const first = this.#word + ORIGINAL_SOURCE / 4;
    const words = this.#words;
    return (
      ((words[first] ?? 0) | (words[first + 1] ?? 0) | (words[first + 2] ?? 0) | (words[first + 3] ?? 0)) !==
      0
    );
  }

  /** The four words of the source before translation, until it is asked for again; zeros where it is not known. */
  get originalSource(): Uint32Array {
    for (let word = 0; word < 4; word++) {
      this.#original[word] = this.#networkWord(ORIGINAL_SOURCE + word * 4);
    }
    return this.#original;
  }

  /** A copy of the whole record. */
  copy(): Uint8Array {
    return this.#bytes.slice(this.#byte, this.#byte + RECORD_BYTES);
  }

  /** A byte of the record. */
  byte(offset: number): number {
    return this.#bytes[this.#byte + offset] ?? 0;
  }

  #at(word: number): number {
    return this.#words[this.#word + word] ?? 0;
  }

  #networkWord(offset: number): number {
    const [a, b] = [this.byte(offset), this.byte(offset + 1)];
    return a * 0x100_0000 + b * 0x1_0000 + this.byte(offset + 2) * 0x100 + this.byte(offset + 3);
  }
}

/** Writes a record of {@link LOST_RECORD}: what was lost is its `subtype`, how many are its `length`. */
export function writeLost(
  words: Uint32Array,
  word: number,
  time: bigint,
  where: number,
  count: number,
): void {
  words.fill(0, word, word + RECORD_WORDS);
  words[word + TIME + LOW] = Number(time & 0xffff_ffffn);
  words[word + TIME + HIGH] = Number(time >> 32n);
  words[word + LENGTH] = Math.min(count, 0xffff_ffff);
  const bytes = new Uint8Array(words.buffer, words.byteOffset);
  bytes[word * 4 + TYPE] = LOST_RECORD;
  bytes[word * 4 + SUBTYPE] = where;
}
