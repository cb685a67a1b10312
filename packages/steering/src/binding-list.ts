/**
 * Bindings as they lie in the map `bindings`: records of a few words, side by side, with the number of each. A hundred thousand of
 * them are read, told apart and written in the time in which as many objects could be made. Labels are numbers here.
 */
import { codecOf } from '@waggle/bpf';
import type { Binding } from './binding.ts';
import { kindOf, type LabelNumbers, offsetOf, type StoredBinding, storedBinding } from './records.ts';
import { BindingRecord } from './state.ts';
import { WhenMissing } from './steer.bpf.ts';

const record = codecOf(BindingRecord);

/** Where a record has its fields, in words and half words. */
const WORDS = record.size / 4;
const HALVES = record.size / 2;
const LABEL = offsetOf(BindingRecord, 'label') / 4;
const FALLBACK = offsetOf(BindingRecord, 'fallback') / 4;
const ADDRESS = offsetOf(BindingRecord, 'address') / 4;
const FIRST = offsetOf(BindingRecord, 'first') / 2;
const LAST = offsetOf(BindingRecord, 'last') / 2;
const KIND = offsetOf(BindingRecord, 'kind');
const PREFIX_LENGTH = offsetOf(BindingRecord, 'prefixLength');
const MISSING = offsetOf(BindingRecord, 'missing');
const USED = offsetOf(BindingRecord, 'used');

/** A list of bindings; each is known by its place in the list, its *row*. */
export class BindingList {
  readonly length: number;
  /** The number of each. */
  readonly #ids: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #halves: Uint16Array;
  readonly #words: Uint32Array;
  readonly #view: DataView;

  private constructor(ids: Uint32Array, records: ArrayBuffer) {
    this.length = ids.length;
    this.#ids = ids;
    this.#bytes = new Uint8Array(records);
    this.#halves = new Uint16Array(records);
    this.#words = new Uint32Array(records);
    this.#view = new DataView(records);
  }

  /** Bindings that have the number of their row. @throws WaggleError NOT_FOUND for a fallback that is no label. */
  static of(bindings: readonly Binding[], labels: Pick<LabelNumbers, 'idOf'>): BindingList {
    const ids = Uint32Array.from(bindings.keys());
    const list = new BindingList(ids, new ArrayBuffer(ids.length * record.size));
    for (const [row, binding] of bindings.entries()) list.#write(row, binding, labels);
    return list;
  }

  /** Those of a generation, from all records that there is room for. */
  static stored(records: Uint8Array): BindingList {
    const ids: number[] = [];
    for (let id = 0; id < records.length / record.size; id++) {
      if (records[id * record.size + USED] !== 0) ids.push(id);
    }
    const bytes = new Uint8Array(ids.length * record.size);
    for (const [row, id] of ids.entries()) {
      bytes.set(records.subarray(id * record.size, (id + 1) * record.size), row * record.size);
    }
    return new BindingList(Uint32Array.from(ids), bytes.buffer);
  }

  /** The same, and one more in the last row, under a number that is free. */
  with(binding: Binding, labels: Pick<LabelNumbers, 'idOf'>): BindingList {
    const used = new Set(this.#ids);
    let id = 0;
    while (used.has(id)) id++;
    const ids = new Uint32Array(this.length + 1);
    ids.set(this.#ids);
    ids[this.length] = id;
    const list = new BindingList(ids, new ArrayBuffer(ids.length * record.size));
    list.#bytes.set(this.#bytes);
    list.#write(this.length, binding, labels);
    return list;
  }

  /** The same but for one row. */
  without(row: number): BindingList {
    const ids = this.#ids.filter((_, index) => index !== row);
    const bytes = new Uint8Array(ids.length * record.size);
    bytes.set(this.#bytes.subarray(0, row * record.size));
    bytes.set(this.#bytes.subarray((row + 1) * record.size), row * record.size);
    return new BindingList(ids, bytes.buffer);
  }

  /** What the codec of records would write, in a tenth of its time: no object is made, and these values are known to fit. */
  #write(
    row: number,
    { label, protocol, prefix, ports, missing }: Binding,
    labels: Pick<LabelNumbers, 'idOf'>,
  ): void {
    this.#words[row * WORDS + LABEL] = labels.idOf(label);
    this.#halves[row * HALVES + FIRST] = ports.first;
    this.#halves[row * HALVES + LAST] = ports.last;
    const byte = row * record.size;
    this.#bytes[byte + USED] = 1;
    this.#bytes[byte + KIND] = kindOf(protocol, prefix.family);
    this.#bytes[byte + PREFIX_LENGTH] = prefix.length;
    for (let index = 0; index < prefix.bytes.length; index++) {
      this.#bytes[byte + ADDRESS * 4 + index] = prefix.bytes[index] ?? 0;
    }
    if (missing === 'drop') this.#bytes[byte + MISSING] = WhenMissing.Drop;
    else if (missing === 'pass') this.#bytes[byte + MISSING] = WhenMissing.Pass;
    else {
      this.#bytes[byte + MISSING] = WhenMissing.Fallback;
      this.#words[row * WORDS + FALLBACK] = labels.idOf(missing.fallback);
    }
  }

  /** The record of each row, side by side. */
  get records(): Uint8Array {
    return this.#bytes;
  }

  /** The record of one row. */
  recordOf(row: number): Uint8Array {
    return this.#bytes.subarray(row * record.size, (row + 1) * record.size);
  }

  idOf(row: number): number {
    return this.#ids[row] ?? 0;
  }

  kindOf(row: number): number {
    return this.#bytes[row * record.size + KIND] ?? 0;
  }

  prefixLengthOf(row: number): number {
    return this.#bytes[row * record.size + PREFIX_LENGTH] ?? 0;
  }

  labelOf(row: number): number {
    return this.#words[row * WORDS + LABEL] ?? 0;
  }

  missingOf(row: number): number {
    return this.#bytes[row * record.size + MISSING] ?? 0;
  }

  fallbackOf(row: number): number {
    return this.#words[row * WORDS + FALLBACK] ?? 0;
  }

  firstOf(row: number): number {
    return this.#halves[row * HALVES + FIRST] ?? 0;
  }

  lastOf(row: number): number {
    return this.#halves[row * HALVES + LAST] ?? 0;
  }

  /** One of the four words of an address, as the fields of type be32 have them. */
  addressOf(row: number, word: number): number {
    return this.#view.getUint32((row * WORDS + ADDRESS + word) * 4);
  }

  /** A number of 32 bits that is the same for the same kind and prefix, and as good as random. */
  hashOf(row: number): number {
    let hash = this.#halves[row * HALVES + KIND / 2] ?? 0;
    const address = row * WORDS + ADDRESS;
    for (let word = address; word < address + 4; word++) {
      hash = Math.imul(hash ^ (this.#words[word] ?? 0), 0x85ebca6b);
      hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    }
    return (hash ^ (hash >>> 16)) >>> 0;
  }

  /** Whether a row has the kind and prefix that a row of another list has. */
  samePrefix(row: number, other: BindingList, otherRow: number): boolean {
    // Kind and length of prefix make up a half word.
    if (this.#halves[row * HALVES + KIND / 2] !== other.#halves[otherRow * HALVES + KIND / 2]) return false;
    const [mine, theirs] = [row * WORDS + ADDRESS, otherRow * WORDS + ADDRESS];
    for (let word = 0; word < 4; word++) {
      if (this.#words[mine + word] !== other.#words[theirs + word]) return false;
    }
    return true;
  }

  /** Whether the packets of a row go where those of a row of another list go. */
  sameOwner(row: number, other: BindingList, otherRow: number): boolean {
    return (
      this.labelOf(row) === other.labelOf(otherRow) &&
      this.missingOf(row) === other.missingOf(otherRow) &&
      this.fallbackOf(row) === other.fallbackOf(otherRow)
    );
  }

  binding(row: number, labels: Pick<LabelNumbers, 'nameOf'>): StoredBinding {
    return storedBinding(this.idOf(row), record.read(this.#view, row * record.size), labels);
  }
}
