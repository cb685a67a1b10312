/** The registers that are needed at one point of a block, ascending: few, so that a sorted list beats a set of bits. */
import type { Registers, Virtual } from './machine.ts';

/** A sorted list that a walk through a block changes. */
export class LiveRegisters {
  readonly #list: Virtual[];

  constructor(registers: Registers) {
    this.#list = [...registers];
  }

  get all(): Registers {
    return this.#list;
  }

  add(register: Virtual): void {
    let place = this.#list.length;
    while (place > 0 && (this.#list[place - 1] ?? 0) > register) place--;
    if (place > 0 && this.#list[place - 1] === register) return;
    this.#list.splice(place, 0, register);
  }

  delete(register: Virtual): void {
    const place = this.#list.indexOf(register);
    if (place >= 0) this.#list.splice(place, 1);
  }
}
