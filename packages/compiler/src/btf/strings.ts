/**
 * The string section of BTF: names one after the other, each ended by a NUL, referred to by byte offset. Split BTF (of a
 * kernel module) continues the strings of its base: offsets below the base's length are strings of the base. An offset
 * may point into the middle of a string, when its end happens to be another name.
 */

/** Names are told apart by their first bytes; more would only let a hostile blob make hashing slow. */
const HASHED_BYTES = 64;

/** Hash of the name that starts at a position and ends at a NUL (FNV-1a), as a positive 31-bit integer. */
function hashBytes(bytes: Uint8Array, start: number): number {
  const end = Math.min(start + HASHED_BYTES, bytes.length);
  let hash = 0x811c9dc5 | 0;
  for (let position = start; position < end; position++) {
    const byte = bytes[position] ?? 0;
    if (byte === 0) break;
    hash = Math.imul(hash ^ byte, 0x0100_0193);
  }
  // The low bits select the bucket; fold the better mixed high bits into them.
  return (hash ^ (hash >>> 15)) & 0x7fff_ffff;
}

/** The strings of one BTF blob, which must end with a NUL, on top of those of its base. */
export class StringTable {
  readonly #bytes: Buffer;
  readonly #base: StringTable | undefined;
  readonly #start: number;
  /** First offset after the table. */
  readonly end: number;

  constructor(section: Uint8Array, base?: StringTable) {
    this.#bytes = Buffer.from(section.buffer, section.byteOffset, section.byteLength);
    this.#base = base;
    this.#start = base?.end ?? 0;
    this.end = this.#start + section.byteLength;
  }

  /** Returns the string at an offset, which must be below {@link end}. */
  read(offset: number): string {
    if (offset < this.#start && this.#base) return this.#base.read(offset);
    const position = offset - this.#start;
    return this.#bytes.toString('utf8', position, this.#bytes.indexOf(0, position));
  }

  /** Returns a hash of the string at an offset; equal strings have equal hashes, also across base and split. */
  hash(offset: number): number {
    if (offset < this.#start && this.#base) return this.#base.hash(offset);
    return hashBytes(this.#bytes, offset - this.#start);
  }

  /** Tells whether the string at an offset consists of exactly these bytes. */
  equals(offset: number, name: Uint8Array): boolean {
    if (offset < this.#start && this.#base) return this.#base.equals(offset, name);
    const position = offset - this.#start;
    const end = position + name.length;
    if (end >= this.#bytes.length || this.#bytes[end] !== 0) return false;
    return this.#bytes.compare(name, 0, name.length, position, end) === 0;
  }

  /** Returns every offset at which a name stands, as a string of its own or as the end of a longer one. */
  offsetsOf(name: string): Set<number> {
    const offsets = this.#base?.offsetsOf(name) ?? new Set<number>();
    const needle = Buffer.from(`${name}\0`);
    for (let at = this.#bytes.indexOf(needle); at !== -1; at = this.#bytes.indexOf(needle, at + 1)) {
      offsets.add(this.#start + at);
    }
    return offsets;
  }
}

/** The ids of named types by name: a chained hash table in two typed arrays, filled once. */
export class NameIndex {
  readonly #strings: StringTable;
  readonly #nameOffset: (id: number) => number;
  readonly #heads: Int32Array;
  readonly #next: Int32Array;
  readonly #firstId: number;

  /** Indexes the types `firstId` … `lastId`, whose names `nameOffset` gives. Offset 0 means anonymous. */
  constructor(strings: StringTable, firstId: number, lastId: number, nameOffset: (id: number) => number) {
    const count = lastId - firstId + 1;
    this.#strings = strings;
    this.#nameOffset = nameOffset;
    this.#firstId = firstId;
    this.#heads = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(count, 1))));
    this.#next = new Int32Array(count);
    const mask = this.#heads.length - 1;
    // From the last id down, so that each chain lists ids in ascending order; 0 (void) ends a chain.
    for (let id = lastId; id >= firstId; id--) {
      const offset = nameOffset(id);
      if (offset === 0) continue;
      const bucket = strings.hash(offset) & mask;
      this.#next[id - firstId] = this.#heads[bucket] ?? 0;
      this.#heads[bucket] = id;
    }
  }

  /** Yields the ids of the types with a name, in ascending order. */
  *find(name: string): Generator<number, undefined> {
    const bytes = Buffer.from(`${name}\0`);
    // A NUL inside the name would compare equal with two neighbouring strings.
    if (bytes.length === 1 || bytes.indexOf(0) !== bytes.length - 1) return;
    const bucket = hashBytes(bytes, 0) & (this.#heads.length - 1);
    const wanted = bytes.subarray(0, -1);
    for (let id = this.#heads[bucket] ?? 0; id !== 0; id = this.#next[id - this.#firstId] ?? 0) {
      if (this.#strings.equals(this.#nameOffset(id), wanted)) yield id;
    }
  }
}
