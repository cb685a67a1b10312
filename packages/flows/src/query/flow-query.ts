/**
 * Answers a query from the store. Each query has a place in the store and moves on at the pace of whoever reads its answers; nobody
 * else waits for it. When the writer has come around and overtaken it, what it has missed is told, and it goes on with the oldest
 * record. A long scan is cut into slices, between which the writer gets its turn.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FlowDecoder } from '../decode/flow-decoder.ts';
import { isLoss } from '../decode/record-facts.ts';
import type { CompiledFilters } from '../filter/compile.ts';
import type { Flow } from '../flow.ts';
import type { FlowQuery, LostEvents } from '../source.ts';
import { type FlowStore, Lost } from '../store/flow-store.ts';
import type { RecordView } from '../store/record.ts';
import type { Arrivals } from './arrivals.ts';

export interface QueryContext {
  readonly store: FlowStore;
  readonly decoder: FlowDecoder;
  readonly filters: CompiledFilters;
  readonly arrivals: Arrivals;
  /** From nanoseconds of the monotonic clock to nanoseconds since 1970. */
  readonly wallTime: (time: bigint) => bigint;
  /** Nanoseconds of the monotonic clock. */
  readonly now: () => bigint;
  /** Told how many records were overwritten before they were read. */
  readonly onLost: (count: number) => void;
}

type Answer = Flow | LostEvents;

/** Records that are looked at in one slice; one that is decoded counts as so many. */
const SLICE = 20_000;
const DECODED = 32;
/** CPUs write at the same time, so that records may be out of order: nanoseconds by which at most. */
const DISORDER = 1e9;
const NANOSECONDS_A_MILLISECOND = 1e6;

export class RunningQuery {
  readonly #context: QueryContext;
  readonly #query: FlowQuery;
  readonly #signal: AbortSignal | undefined;
  readonly #view: RecordView;
  readonly #since: number;
  readonly #until: number;
  #work = 0;

  constructor(context: QueryContext, query: FlowQuery, signal: AbortSignal | undefined) {
    this.#context = context;
    this.#query = query;
    this.#signal = signal;
    this.#view = context.store.view();
    const offset = context.wallTime(0n);
    const { since, until } = query;
    this.#since = since === undefined ? Number.NEGATIVE_INFINITY : Number(since - offset);
    this.#until = until === undefined ? Number.POSITIVE_INFINITY : Number(until - offset);
  }

  /** The answers, in the order of arrival. */
  async *answers(): AsyncGenerator<Answer, void, undefined> {
    const { store } = this.#context;
    const { number, first = false, follow = false, since } = this.#query;
    const end = store.last;
    if (number === 0 && !follow) return;
    if (number !== undefined && !first) {
      yield* this.#those(await this.#findLast(number, end));
      if (follow) yield* this.#scan(end + 1, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
      return;
    }
    const isPast = !follow || first || since !== undefined;
    const bound = follow ? Number.POSITIVE_INFINITY : end;
    yield* this.#scan(isPast ? store.first : end + 1, bound, number ?? Number.POSITIVE_INFINITY);
  }

  get #isOver(): boolean {
    return this.#signal?.aborted ?? false;
  }

  /** The last so many that are wanted, and the losses between them; oldest first. */
  async #findLast(number: number, end: number): Promise<number[]> {
    const { store } = this.#context;
    const found: number[] = [];
    let flows = 0;
    for (let sequence = end; sequence >= store.first && flows < number; sequence--) {
      if (this.#isOver) return [];
      if (this.#isSliceOver(1)) await nextTurn();
      if (sequence < store.first) break;
      const record = this.#view.moveTo(store.wordOf(sequence));
      if (record.time < this.#since - DISORDER) break;
      if (isLoss(record)) {
        if (this.#isInTime(record)) found.push(sequence);
      } else if (this.#isWanted(sequence)) {
        found.push(sequence);
        flows++;
      }
    }
    return found.reverse();
  }

  async *#those(sequences: readonly number[]): AsyncGenerator<Answer, void, undefined> {
    const { store } = this.#context;
    let missing = 0;
    for (const sequence of sequences) {
      if (this.#isOver) return;
      if (this.#isSliceOver(DECODED)) await nextTurn();
      if (sequence < store.first) {
        missing++;
        continue;
      }
      if (missing > 0) yield this.#overwritten(missing);
      missing = 0;
      const record = this.#view.moveTo(store.wordOf(sequence));
      yield isLoss(record) ? this.#lossOf(record) : this.#context.decoder.flowOf(sequence);
    }
    if (missing > 0) yield this.#overwritten(missing);
  }

  /** All that are wanted from a number on, up to a bound that may be yet to come. */
  async *#scan(from: number, bound: number, most: number): AsyncGenerator<Answer, void, undefined> {
    const { store } = this.#context;
    let position = from;
    let given = 0;
    while (!this.#isOver) {
      if (position > bound) return;
      if (position > store.last) {
        const left = this.#timeLeft();
        if (left <= 0) return;
        await this.#context.arrivals.wait(this.#signal, Number.isFinite(left) ? left : undefined);
        continue;
      }
      if (position < store.first) {
        const missing = store.first - position;
        position = store.first;
        yield this.#overwritten(missing);
        continue;
      }
      if (this.#isSliceOver(1)) {
        await nextTurn();
        continue;
      }
      const sequence = position++;
      const record = this.#view.moveTo(store.wordOf(sequence));
      if (record.time > this.#until + DISORDER) return;
      if (isLoss(record)) {
        if (this.#isInTime(record)) yield this.#lossOf(record);
        continue;
      }
      const flow = this.#flowAt(sequence);
      if (!flow) continue;
      yield flow;
      if (++given >= most) return;
    }
  }

  /** Whether a record is wanted. The view is there already. */
  #isWanted(sequence: number): boolean {
    const { filters } = this.#context;
    if (filters.isEverything) return this.#isInTime(this.#view) && filters.may(this.#view);
    return this.#flowAt(sequence) !== undefined;
  }

  /** The flow of a record, if it is wanted. The view is there already. */
  #flowAt(sequence: number): Flow | undefined {
    const { filters, decoder } = this.#context;
    if (!this.#isInTime(this.#view) || !filters.may(this.#view)) return undefined;
    this.#work += DECODED;
    const flow = decoder.flowOf(sequence);
    return filters.matches(flow) ? flow : undefined;
  }

  #isInTime(record: RecordView): boolean {
    const { time } = record;
    return time >= this.#since && time <= this.#until;
  }

  #isSliceOver(work: number): boolean {
    this.#work += work;
    if (this.#work < SLICE) return false;
    this.#work = 0;
    return true;
  }

  /** Milliseconds until nothing can come any more. */
  #timeLeft(): number {
    return (this.#until - Number(this.#context.now())) / NANOSECONDS_A_MILLISECOND;
  }

  #overwritten(count: number): LostEvents {
    const { wallTime, now, onLost } = this.#context;
    onLost(count);
    return { kind: 'lost', where: 'store', count, time: wallTime(now()) };
  }

  #lossOf(record: RecordView): LostEvents {
    const where = record.subtype === Lost.KernelRate ? 'kernel-rate' : 'kernel-buffer';
    return { kind: 'lost', where, count: record.length, time: this.#context.wallTime(record.exactTime) };
  }
}
