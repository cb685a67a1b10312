/**
 * The last flows: a ring of records in one piece of memory, as the kernel wrote them. There is one writer. Each record has a
 * sequence number, from 1 on; readers remember the number up to which they have read, and find out by it what was overwritten.
 */
import { WaggleError } from '@waggle/bpf';
import type { RecordSink } from '@waggle/kernel';
import { RECORD_BYTES, RECORD_WORDS, RecordView, writeLost } from './record.ts';

/** Why events are missing: the subtype of a record that says so. */
export const Lost = { KernelBuffer: 1, KernelRate: 2 } as const;

const MIB = 1024 * 1024;

export class FlowStore implements RecordSink {
  readonly words: Uint32Array;
  /** Records that fit. */
  readonly capacity: number;
  readonly #onRecord: (record: RecordView) => void;
  readonly #written: RecordView;
  /** Number of the next record. */
  #next = 1;
  /** Its first word. */
  #word = 0;

  /**
   * @param megabytes - How much memory it takes, in MiB: 5,461 flows each.
   * @param onRecord - Told of each record when it is there, before the next one comes.
   * @throws WaggleError OUT_OF_RANGE
   */
  constructor(megabytes: number, onRecord: (record: RecordView) => void = () => {}) {
    if (!(megabytes > 0 && megabytes <= 4096)) {
      throw new WaggleError('OUT_OF_RANGE', `A store of ${megabytes} MiB cannot be`, {
        hint: 'It takes more than 0 MiB, and at most 4096 MiB',
      });
    }
    this.capacity = Math.max(1, Math.floor((megabytes * MIB) / RECORD_BYTES));
    this.words = new Uint32Array(this.capacity * RECORD_WORDS);
    this.#onRecord = onRecord;
    this.#written = new RecordView(this.words);
  }

  /** The number of the last record; 0 when there was none yet. */
  get last(): number {
    return this.#next - 1;
  }

  /** The number of the oldest record that is still here. */
  get first(): number {
    return Math.max(1, this.#next - this.capacity);
  }

  /** Records that are here. */
  get size(): number {
    return this.#next - this.first;
  }

  /** A view that can be moved over the records. */
  view(): RecordView {
    return new RecordView(this.words);
  }

  /** The first word of a record that is here. */
  wordOf(sequence: number): number {
    return ((sequence - 1) % this.capacity) * RECORD_WORDS;
  }

  place(length: number): number {
    return length === RECORD_BYTES ? this.#word : -1;
  }

  placed(index: number): void {
    this.#advance();
    this.#onRecord(this.#written.moveTo(index));
  }

  /** Notes that events never came. @param time - Nanoseconds of the monotonic clock. */
  noteLost(where: number, count: number, time: bigint): void {
    const word = this.#word;
    writeLost(this.words, word, time, where, count);
    this.#advance();
    this.#onRecord(this.#written.moveTo(word));
  }

  #advance(): void {
    this.#next++;
    this.#word += RECORD_WORDS;
    if (this.#word === this.words.length) this.#word = 0;
  }
}
