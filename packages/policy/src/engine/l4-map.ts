/** Things by their L4 key, found by the keys that cover them. */
import { ANY_L4, type L4Key, prefixOf, widen } from './l4-key.ts';

export class L4Map<T> {
  readonly #byKey = new Map<L4Key, T>();
  /** The lengths of prefixes that occur, the shortest first. */
  #lengths: number[] = [];

  /** What is there for all protocols. */
  get any(): T | undefined {
    return this.#byKey.get(ANY_L4);
  }

  get(key: L4Key): T | undefined {
    return this.#byKey.get(key);
  }

  set(key: L4Key, value: T): void {
    this.#byKey.set(key, value);
    if (key === ANY_L4) return;
    const length = prefixOf(key);
    if (!this.#lengths.includes(length)) this.#lengths = [...this.#lengths, length].sort((a, b) => a - b);
  }

  /** What is there, in no particular order. */
  values(): IterableIterator<T> {
    return this.#byKey.values();
  }

  /** Those with a protocol whose keys cover this one (itself included), the broadest first. */
  covering(key: L4Key): T[] {
    const found: T[] = [];
    if (key === ANY_L4) return found;
    const prefix = prefixOf(key);
    for (const length of this.#lengths) {
      if (length > prefix) break;
      const value = this.#byKey.get(widen(key, length));
      if (value !== undefined) found.push(value);
    }
    return found;
  }

  /** The last of {@link covering}. */
  narrowest(key: L4Key): T | undefined {
    if (key === ANY_L4) return undefined;
    const prefix = prefixOf(key);
    for (let i = this.#lengths.length - 1; i >= 0; i--) {
      const length = this.#lengths[i] ?? 0;
      const value = length <= prefix ? this.#byKey.get(widen(key, length)) : undefined;
      if (value !== undefined) return value;
    }
    return undefined;
  }
}
