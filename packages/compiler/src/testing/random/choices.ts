/**
 * The decisions of a generator, taken from a list of numbers. A shorter list or smaller numbers make a simpler program, so
 * fast-check shrinks what fails by shrinking the list. Where the list ends, every decision is the first.
 */
export class Choices {
  readonly #numbers: readonly number[];
  #next = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  /** A number from 0 to `count - 1`. */
  below(count: number): number {
    return (this.#numbers[this.#next++] ?? 0) % count;
  }

  /** One of several; the first should be the simplest. */
  one<T>(first: T, ...others: readonly T[]): T {
    const chosen = this.below(others.length + 1);
    return chosen === 0 ? first : (others[chosen - 1] ?? first);
  }

  /** One of a list; undefined if it is empty. */
  from<T>(list: readonly T[]): T | undefined {
    return list.length === 0 ? undefined : list[this.below(list.length)];
  }

  /** True once in `count` times, and never when the list has ended. */
  seldom(count: number): boolean {
    return this.below(count) === count - 1;
  }

  /** Whether there are numbers left. */
  get more(): boolean {
    return this.#next < this.#numbers.length;
  }
}
