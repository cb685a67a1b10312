/**
 * Brings one document to disk: changes that come close together are one write, writes follow each other, and one that fails
 * is tried again, later and later, until the disk takes what is then the newest content.
 */
import type { WaggleError } from '@waggle/bpf';

/** How long things wait, in milliseconds. */
export interface WriterTiming {
  /** From a change to its write: changes meanwhile are in the same one. */
  readonly delay: number;
  /** From a failure to the next attempt; doubled each time, up to `longestRetry`. */
  readonly retry: number;
  readonly longestRetry: number;
}

export class DocumentWriter {
  readonly #timing: WriterTiming;
  readonly #write: (text: string) => Promise<void>;
  readonly #onProblem: (problem: WaggleError) => void;
  readonly #explain: (error: unknown) => WaggleError;
  /** What the next write takes its text from; undefined when everything is on disk or on its way. */
  #pending: (() => string) | undefined;
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #problem: WaggleError | undefined;

  constructor(
    timing: WriterTiming,
    write: (text: string) => Promise<void>,
    explain: (error: unknown) => WaggleError,
    onProblem: (problem: WaggleError) => void,
  ) {
    this.#timing = timing;
    this.#write = write;
    this.#explain = explain;
    this.#onProblem = onProblem;
  }

  /** Why the last write failed; undefined when it did not. */
  get problem(): WaggleError | undefined {
    return this.#problem;
  }

  /** Whether something is to be written, or is being written. */
  get busy(): boolean {
    return this.#pending !== undefined || this.#writing !== undefined;
  }

  /** Writes soon. The text is taken when it is written. */
  schedule(text: () => string): void {
    this.#pending = text;
    this.#wait();
  }

  /**
   * Writes what is not on disk yet, now.
   * @throws WaggleError when it cannot be written; it stays to be written.
   */
  async flush(): Promise<void> {
    // What is being written may be older than what is pending; and its failure makes it pending again.
    while (this.#writing !== undefined) await this.#writing.catch(() => {});
    if (this.#pending !== undefined) await this.#start();
  }

  /** Ends the timers; what is not written by now is not written. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pending = undefined;
  }

  #wait(): void {
    if (this.#timer !== undefined || this.#writing !== undefined || this.#pending === undefined) return;
    const { delay, retry, longestRetry } = this.#timing;
    const wait = this.#failures === 0 ? delay : Math.min(retry * 2 ** (this.#failures - 1), longestRetry);
    this.#timer = setTimeout(() => {
      this.#start().catch(() => {});
    }, wait);
    // A disk that stays full does not keep the process.
    if (this.#failures > 0) this.#timer.unref();
  }

  #start(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const taken = this.#pending;
    this.#pending = undefined;
    this.#writing = this.#attempt(taken).finally(() => {
      this.#writing = undefined;
      this.#wait();
    });
    return this.#writing;
  }

  async #attempt(taken: (() => string) | undefined): Promise<void> {
    if (taken === undefined) return;
    try {
      await this.#write(taken());
      this.#failures = 0;
      this.#problem = undefined;
    } catch (error) {
      this.#pending ??= taken;
      this.#failures += 1;
      this.#problem = this.#explain(error);
      this.#onProblem(this.#problem);
      throw this.#problem;
    }
  }
}
