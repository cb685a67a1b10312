/**
 * What something was called when: values by key, each with the moment from which on it held. A flow is shown with what held when its
 * packet was seen; before the first value that is known, the first one is taken, for what is told may be later than what happens.
 * What ends stays until somebody else has the key, and is forgotten when no flow is as old as that.
 */

interface Version<Value> {
  /** Nanoseconds of the monotonic clock. */
  readonly since: number;
  readonly value: Value;
}

interface Versions<Value> {
  /** Oldest first; never empty. */
  list: Version<Value>[];
  /** When the last one ended, if it has. */
  ended?: number;
}

export class History<Key, Value> {
  readonly #versions = new Map<Key, Versions<Value>>();

  /** How many keys are known. */
  get size(): number {
    return this.#versions.size;
  }

  /** From a moment on, a key stands for a value. Moments of one key come in order. */
  set(key: Key, value: Value, since: number): void {
    const known = this.#versions.get(key);
    if (!known) {
      this.#versions.set(key, { list: [{ since, value }] });
      return;
    }
    delete known.ended;
    known.list.push({ since, value });
  }

  /** From a moment on, a key stands for nothing more. */
  end(key: Key, at: number): void {
    const known = this.#versions.get(key);
    if (known) known.ended = at;
  }

  /** What a key stood for at a moment. */
  at(key: Key, time: number): Value | undefined {
    const list = this.#versions.get(key)?.list;
    if (!list) return undefined;
    for (let index = list.length - 1; index > 0; index--) {
      const version = list[index];
      if (version && version.since <= time) return version.value;
    }
    return list[0]?.value;
  }

  /** What it stands for now, unless that has ended. */
  current(key: Key): Value | undefined {
    const known = this.#versions.get(key);
    return known && known.ended === undefined ? known.list.at(-1)?.value : undefined;
  }

  /** All that it ever stood for, as far as it is remembered. */
  ever(key: Key): Value[] {
    return this.#versions.get(key)?.list.map(({ value }) => value) ?? [];
  }

  keys(): IterableIterator<Key> {
    return this.#versions.keys();
  }

  /** Forgets what ended before a moment. */
  forgetBefore(time: number): void {
    for (const [key, versions] of this.#versions) {
      if (versions.ended !== undefined && versions.ended < time) {
        this.#versions.delete(key);
        continue;
      }
      const held = versions.list.findLastIndex(({ since }) => since <= time);
      if (held > 0) versions.list = versions.list.slice(held);
    }
  }
}
