/**
 * Reads the events of the datapath.
 *
 * Programs wake user space at most every 8 ms or so on each CPU, and write on without a word in between (tell.bpf.ts). Therefore
 * whoever was woken goes on looking every {@link LOOK} ms, until nothing has come for {@link QUIET} looks: longer than programs
 * are silent. So what comes next wakes it again, and nothing is left lying.
 */
import type { RecordSink, RingBufferReader } from '@waggle/kernel';
import type { DatapathMaps } from '../layout.ts';
import { EventClock } from './clock.ts';
import { type DatapathEvent, decodeEvent } from './event.ts';

/** Milliseconds. */
const LOOK = 10;
const QUIET = 5;
/** How often what was lost is asked for, in milliseconds. */
const ASK_LOST = 1000;

/** Events that never came. */
export interface LostEvents {
  /** For which the buffer had no room. */
  readonly full: bigint;
  /** That were more than a CPU may tell in a second. */
  readonly limited: bigint;
}

export interface EventReaderOptions {
  /** Called when events were lost since it was called last, with how many; not for those lost before the reader came. */
  readonly onLost?: (lost: LostEvents) => void;
  /** Called with what `next` throws; without it that is an uncaught exception. Reading goes on either way. */
  readonly onError?: (error: unknown) => void;
}

/** Reads until it is closed. There is one at a time: two would take events from each other. */
export class EventReader implements Disposable {
  readonly #accounts: DatapathMaps['accounts'];
  readonly #onLost: ((lost: LostEvents) => void) | undefined;
  readonly #ring: RingBufferReader;
  readonly #asking: NodeJS.Timeout;
  #looking: NodeJS.Timeout | undefined;
  #quiet = 0;
  #closed = false;
  #reported: LostEvents;

  /** @param next - Gets each event, in the order in which programs wrote them: made out, or as the record that it is. */
  constructor(
    { events, accounts }: Pick<DatapathMaps, 'events' | 'accounts'>,
    next: ((event: DatapathEvent) => void) | RecordSink,
    { onLost, onError }: EventReaderOptions = {},
  ) {
    this.#accounts = accounts;
    this.#onLost = onLost;
    this.#reported = this.lost;
    const options = onError ? { onError } : {};
    if (typeof next === 'function') {
      const clock = new EventClock();
      this.#ring = events.read((record) => {
        this.#stayAwake();
        const event = decodeEvent(record, clock);
        if (event) next(event);
      }, options);
    } else {
      const sink: RecordSink = {
        words: next.words,
        place: (length) => {
          this.#stayAwake();
          return next.place(length);
        },
        placed: (index) => next.placed(index),
      };
      this.#ring = events.readInto(sink, options);
    }
    this.#asking = setInterval(() => this.#reportLost(), ASK_LOST);
  }

  /** How many events were read. */
  get count(): number {
    return this.#ring.records;
  }

  /** Events that were lost since the maps were made. */
  get lost(): LostEvents {
    const accounts = this.#accounts.get(0) ?? [];
    return {
      full: accounts.reduce((sum, { lost }) => sum + lost, 0n),
      limited: accounts.reduce((sum, { limited }) => sum + limited, 0n),
    };
  }

  /** Reads what is there now. */
  poll(): void {
    while (!this.#closed && this.#ring.poll() > 0);
  }

  /** Lets the process end although events are read. */
  unref(): this {
    this.#ring.unref();
    this.#asking.unref();
    return this;
  }

  /** Ends reading; what was not read stays for the next reader. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#asking);
    clearInterval(this.#looking);
    this.#looking = undefined;
    this.#ring.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #stayAwake(): void {
    this.#quiet = 0;
    this.#looking ??= setInterval(() => this.#look(), LOOK).unref();
  }

  #look(): void {
    this.#quiet++;
    this.poll();
    if (this.#quiet < QUIET) return;
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  #reportLost(): void {
    const { full, limited } = this.lost;
    const before = this.#reported;
    this.#reported = { full, limited };
    const since = { full: full - before.full, limited: limited - before.limited };
    if (since.full > 0n || since.limited > 0n) this.#onLost?.(since);
  }
}
