/** Parts in the order in which they were opened, to be closed in reverse: nothing is closed that something open stands on. */

/** What can be closed; perhaps not at once. */
interface Part {
  close(): void | Promise<void>;
}

export class OpenParts {
  readonly #parts: Part[] = [];

  /** Remembers a part. @returns the same. */
  add<Opened extends Part>(part: Opened): Opened {
    this.#parts.push(part);
    return part;
  }

  /** Closes all, each when the one before is closed. @throws what closing one throws; those before it stay open. */
  async close(): Promise<void> {
    for (let part = this.#parts.pop(); part; part = this.#parts.pop()) {
      const closing = part.close();
      if (closing) await closing;
    }
  }

  /** Closes all without waiting, for a beginning that has failed: its own reason is the one to tell. */
  abandon(): void {
    for (let part = this.#parts.pop(); part; part = this.#parts.pop()) {
      try {
        Promise.resolve(part.close()).catch(() => {});
      } catch {
        // The others are to be closed all the same.
      }
    }
  }
}
