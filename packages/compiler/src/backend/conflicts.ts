/**
 * Pairs of registers that are needed at the same time. Each has few partners but for some that live long, so the shorter of
 * two lists says quickest whether a pair is known. Partners stand in the order in which they were found.
 */
import type { Virtual } from './machine.ts';

/** The conflicts of the registers 0 … count-1. */
export class Conflicts {
  readonly #partners: Virtual[][];

  constructor(partners: Virtual[][]) {
    this.#partners = partners;
  }

  /** The registers that conflict with one. */
  of(register: Virtual): readonly Virtual[] {
    return this.#partners[register] ?? [];
  }

  has(left: Virtual, right: Virtual): boolean {
    const [ours, theirs] = [this.of(left), this.of(right)];
    return ours.length <= theirs.length ? ours.includes(right) : theirs.includes(left);
  }

  add(left: Virtual, right: Virtual): void {
    if (left === right || this.has(left, right)) return;
    this.#partners[left]?.push(right);
    this.#partners[right]?.push(left);
  }
}
