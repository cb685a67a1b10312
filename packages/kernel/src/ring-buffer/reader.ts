/**
 * Reads a ring buffer without polling: the kernel wakes the event loop, and one pass over the mapped pages takes all
 * records that are there. The rules of the buffer (kernel/bpf/ringbuf.c): two positions that only grow, one page each,
 * of which only the consumer's is ours to write; records of 8 bytes of header and data, rounded up to 8; a busy bit while a
 * program still writes. The kernel would map the data twice in a row, so that no record breaks at the end. Here they are
 * mapped once and that record is put together: what is mapped counts as memory of the process.
 *
 * The kernel does not count what did not fit. Programs do, in a per-CPU counter, and the reader reports it as `lost`.
 */
import { type Codec, WaggleError } from '@waggle/bpf';
import { pageSize, type Watch, watchReadable } from '../sys/libc.ts';
import { Mapping, Protection } from '../sys/memory.ts';

/** What the reader needs of its map. */
interface RingBuffer {
  readonly fd: number;
  readonly object: string;
  readonly bytes: number;
}

/** Options of a reader. */
export interface RingBufferReaderOptions {
  /** Tells how many records programs could not send so far, e.g. the sum of a per-CPU counter they keep. */
  readonly lost?: () => bigint;
  /** Called with what `consume` throws; without it that is an uncaught exception. Reading goes on either way. */
  readonly onError?: (error: unknown) => void;
  /** Records taken in one pass before the event loop may do something else; 65,536 by default. */
  readonly batch?: number;
  /** Do not watch: the caller reads by calling {@link RingBufferReader.poll}. */
  readonly manual?: boolean;
}

/** Where a reader copies records to as they are, without an object for each. */
export interface RecordSink {
  /** What records are copied into. */
  readonly words: Uint32Array;
  /** Where a record of so many bytes has room: the index of its first word, or -1 to pass over it. */
  place(length: number): number;
  /** Told that the record is there. */
  placed(index: number): void;
}

const HEADER = 8;
const BUSY = 0x8000_0000;
const DISCARDED = 0x4000_0000;
const LENGTH = 0x3fff_ffff;

/** An exception must not unwind the reader: the position would be lost, and the same records come again. */
const throwLater = (error: unknown): void =>
  queueMicrotask(() => {
    throw error;
  });

/** Reads records until it is closed. The process stays alive as long as a reader watches, unless {@link unref} is called. */
export class RingBufferReader implements Disposable {
  /** Records delivered, and records of another size than declared (which are passed over). */
  records = 0;
  malformed = 0;
  readonly #object: string;
  readonly #codec: Codec<unknown> | undefined;
  readonly #consume: ((record: unknown) => void) | RecordSink;
  readonly #options: RingBufferReaderOptions;
  readonly #size: number;
  readonly #consumerPages: Mapping;
  readonly #producerPages: Mapping;
  #consumer: BigUint64Array;
  #producer: BigUint64Array;
  #headers: Uint32Array;
  #data: DataView;
  #watch: Watch | undefined;
  #closed = false;

  constructor(
    map: RingBuffer,
    codec: Codec<unknown> | undefined,
    consume: ((record: unknown) => void) | RecordSink,
    options: RingBufferReaderOptions,
  ) {
    this.#object = map.object;
    this.#codec = codec;
    this.#consume = consume;
    this.#options = options;
    this.#size = map.bytes;
    this.#consumerPages = Mapping.create(map.fd, pageSize, Protection.readWrite, 0, map.object);
    try {
      const length = pageSize + map.bytes;
      this.#producerPages = Mapping.create(map.fd, length, Protection.read, pageSize, map.object);
    } catch (error) {
      this.#consumerPages.close();
      throw error;
    }
    const { memory } = this.#producerPages;
    this.#consumer = new BigUint64Array(this.#consumerPages.memory, 0, 1);
    this.#producer = new BigUint64Array(memory, 0, 1);
    this.#headers = new Uint32Array(memory, pageSize);
    this.#data = new DataView(memory, pageSize);
    if (!options.manual) this.#watch = watchReadable(map.fd, () => this.poll());
  }

  /** Records that programs could not send because the buffer was full, as their counter tells; 0 without a counter. */
  get lost(): bigint {
    return this.#options.lost?.() ?? 0n;
  }

  /**
   * Takes the records that are there now, up to one batch.
   * @returns how many there were, discarded ones not counted.
   */
  poll(): number {
    if (this.#closed) throw new WaggleError('CLOSED', `the reader of ${this.#object} is closed`);
    const before = this.records;
    const until = before + (this.#options.batch ?? 65_536);
    // Positions are 64 bits wide but stay exact as numbers for 2^53 bytes: months of the fastest buffer.
    let position = Number(Atomics.load(this.#consumer, 0));
    while (this.records < until) {
      const end = Number(Atomics.load(this.#producer, 0));
      const next = this.#take(position, end, until);
      if (next === position || this.#closed) break;
      position = next;
      // Makes room for programs, and tells the kernel to wake us for the next record.
      Atomics.store(this.#consumer, 0, BigInt(position));
    }
    return this.records - before;
  }

  /** Lets the process end although the reader watches. */
  unref(): this {
    this.#watch?.unref();
    return this;
  }

  /** Ends reading; records still in the buffer stay there for the next reader. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch?.close();
    // Drop the views before the pages go: a read through them would crash the process.
    this.#consumer = new BigUint64Array(0);
    this.#producer = new BigUint64Array(0);
    this.#headers = new Uint32Array(0);
    this.#data = new DataView(new ArrayBuffer(0));
    this.#consumerPages.close();
    this.#producerPages.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Delivers the records between two positions until `until` have been delivered; the position after the last one. */
  #take(from: number, end: number, until: number): number {
    const size = this.#size;
    const headers = this.#headers;
    let position = from;
    while (position < end && this.records < until && !this.#closed) {
      const offset = position % size;
      const header = Atomics.load(headers, offset >>> 2);
      // A program is still writing this record, and will wake us when it is done.
      if (header >= BUSY) break;
      const length = header & LENGTH;
      position += (length + HEADER + 7) & ~7;
      if ((header & DISCARDED) === 0) this.#deliver(offset + HEADER, length);
    }
    return position;
  }

  /** @param offset where the data begin; at the end of the buffer they do at its beginning. */
  #deliver(offset: number, length: number): void {
    const codec = this.#codec;
    const consume = this.#consume;
    if (codec && length !== codec.size) {
      this.malformed++;
      return;
    }
    this.records++;
    try {
      if (typeof consume !== 'function') this.#copyInto(consume, offset, length);
      else if (!codec) consume(this.#copy(offset, length));
      else if (offset + length <= this.#size) consume(codec.read(this.#data, offset));
      else consume(codec.read(new DataView(this.#copy(offset, length).buffer), 0));
    } catch (error) {
      (this.#options.onError ?? throwLater)(error);
    }
  }

  #copyInto(sink: RecordSink, offset: number, length: number): void {
    const index = sink.place(length);
    if (index < 0) return;
    const { words } = sink;
    const source = this.#headers;
    const first = offset >>> 2;
    const count = (length + 3) >>> 2;
    const untilEnd = Math.min(count, (this.#size >>> 2) - first);
    // Loops: for records of a few hundred bytes a subarray and its copy cost more than the words do.
    for (let word = 0; word < untilEnd; word++) words[index + word] = source[first + word] ?? 0;
    for (let word = untilEnd; word < count; word++) words[index + word] = source[word - untilEnd] ?? 0;
    sink.placed(index);
  }

  #copy(offset: number, length: number): Uint8Array {
    const copy = new Uint8Array(length);
    const first = Math.min(length, this.#size - offset);
    const { buffer } = this.#data;
    copy.set(new Uint8Array(buffer, pageSize + offset, first));
    copy.set(new Uint8Array(buffer, pageSize, length - first), first);
    return copy;
  }
}
