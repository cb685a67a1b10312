/**
 * The eleven registers of 64 bits, of which the low halves are registers of 32 bits. They lie in one buffer, so that
 * neither view of them costs a conversion. Typed arrays and not a DataView: the engine computes with the bigints of the
 * former in machine registers, five times as fast.
 */
import { littleEndian } from '@waggle/bpf';

const COUNT = 11;
const LOW = littleEndian ? 0 : 1;
const HIGH = 1 - LOW;

/** What registers hold that a call has left undefined: no number a program could take for its own. */
export const SCRATCHED = 0xbad0_bad0_bad0_bad0n;

export class Registers {
  readonly #wide = new BigUint64Array(COUNT);
  readonly #halves = new Uint32Array(this.#wide.buffer);

  get(register: number): bigint {
    return this.#wide[register] ?? 0n;
  }

  set(register: number, value: bigint): void {
    this.#wide[register] = value;
  }

  /** The low 32 bits, unsigned. */
  low(register: number): number {
    return this.#halves[2 * register + LOW] ?? 0;
  }

  /** The high 32 bits, unsigned. */
  high(register: number): number {
    return this.#halves[2 * register + HIGH] ?? 0;
  }

  /** Sets the low 32 bits and clears the high ones. */
  setLow(register: number, value: number): void {
    this.setHalves(register, value, 0);
  }

  setHalves(register: number, low: number, high: number): void {
    this.#halves[2 * register + LOW] = low;
    this.#halves[2 * register + HIGH] = high;
  }

  /** Sets all bits to those of a number of 32 bits with its sign. */
  setSigned(register: number, value: number): void {
    this.setHalves(register, value, value >> 31);
  }

  /** Destroys r1 to r5, as calls do. */
  scratch(): void {
    for (let register = 1; register <= 5; register++) this.set(register, SCRATCHED);
  }

  /** r6 to r9, which a called function gives back. */
  saved(): readonly [bigint, bigint, bigint, bigint] {
    return [this.get(6), this.get(7), this.get(8), this.get(9)];
  }

  restore([six, seven, eight, nine]: readonly [bigint, bigint, bigint, bigint]): void {
    this.set(6, six);
    this.set(7, seven);
    this.set(8, eight);
    this.set(9, nine);
  }
}
