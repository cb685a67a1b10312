/**
 * Wall-clock times of events. The kernel stamps them with its monotonic clock, which is that of `process.hrtime`; what lies between
 * that and the wall clock changes only when somebody sets the latter, so it is measured at the start and when they have drifted.
 */

/** The two clocks; tests have others. */
export interface Clocks {
  /** Nanoseconds since some moment. */
  readonly monotonic: () => bigint;
  /** Milliseconds since 1970. */
  readonly wall: () => number;
}

const MILLISECOND = 1_000_000n;
const SECOND = 1_000_000_000n;
/** Nanoseconds by which the clocks may differ before they are compared anew, and how often that is looked at. */
const TOLERANCE = 3n * MILLISECOND;
const CHECK_EVERY = 10n * SECOND;

const SYSTEM: Clocks = { monotonic: process.hrtime.bigint, wall: Date.now };

export class EventClock {
  readonly #clocks: Clocks;
  /** Nanoseconds from the monotonic clock to the wall clock. */
  #offset: bigint;
  #checked: bigint;
  /** The last second that was formatted: most events come in the same one. */
  #second = -1n;
  #secondText = '';

  constructor(clocks: Clocks = SYSTEM) {
    this.#clocks = clocks;
    this.#offset = measure(clocks);
    this.#checked = clocks.monotonic();
  }

  /** A monotonic time as nanoseconds since 1970. */
  wallTime(time: bigint): bigint {
    const now = this.#clocks.monotonic();
    if (now - this.#checked > CHECK_EVERY) {
      this.#checked = now;
      const difference = BigInt(this.#clocks.wall()) * MILLISECOND - (now + this.#offset);
      if (difference > TOLERANCE || difference < -TOLERANCE) this.#offset = measure(this.#clocks);
    }
    return time + this.#offset;
  }

  /** A monotonic time as ISO 8601 with microseconds. */
  text(time: bigint): string {
    const wall = this.wallTime(time);
    const second = wall / SECOND;
    if (second !== this.#second) {
      this.#second = second;
      this.#secondText = new Date(Number(second) * 1000).toISOString().slice(0, 19);
    }
    return `${this.#secondText}.${String((wall % SECOND) / 1000n).padStart(6, '0')}Z`;
  }
}

/** The wall clock tells milliseconds only, but when one of them begins can be waited for. */
function measure({ monotonic, wall }: Clocks): bigint {
  const before = wall();
  let now = wall();
  while (now === before) now = wall();
  return BigInt(now) * MILLISECOND - monotonic();
}
