/** Wakes those who wait for something new: all at once, and each only once. */
export class Arrivals {
  readonly #waiting = new Set<() => void>();

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Something has come. */
  announce(): void {
    if (this.#waiting.size === 0) return;
    const woken = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of woken) wake();
  }

  /** Waits for it, for the signal, or so many milliseconds. */
  async wait(signal: AbortSignal | undefined, timeout?: number): Promise<void> {
    if (signal?.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = timeout === undefined ? undefined : setTimeout(done, timeout);
      const waiting = this.#waiting;
      function done(): void {
        waiting.delete(done);
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      }
      waiting.add(done);
      signal?.addEventListener('abort', done, { once: true });
    });
  }
}
