/**
 * The memory of a map's values: slots of equal size, 8 bytes aligned as in the kernel, taken and given back. It grows with
 * the number of values, so a large map costs what is in it.
 */
import { MapFlag, type MapSpec } from '@waggle/bpf';
import { Region } from '../memory.ts';

const FIRST_SLOTS = 16;

export class ValueStore {
  readonly region: Region;
  readonly size: number;
  readonly #stride: number;
  readonly #free: number[] = [];
  readonly #listeners: ((index: number) => void)[] = [];
  #taken = 0;

  constructor(name: string, { value, flags }: MapSpec) {
    this.size = value?.size ?? 0;
    this.#stride = Math.ceil(this.size / 8) * 8;
    this.region = new Region(`the map ${name}`, new Uint8Array(), {
      stride: this.#stride,
      elementSize: this.size,
      writable: (flags & MapFlag.ReadOnlyProgram) === 0,
    });
  }

  /** Takes a slot, zeroed; answers the index of its first byte. */
  take(): number {
    const index = this.#free.pop() ?? this.#taken++ * this.#stride;
    if (index + this.#stride > this.region.bytes.length) this.#grow();
    this.region.bytes.fill(0, index, index + this.#stride);
    return index;
  }

  /** Takes `count` slots at once, at the start. */
  takeAll(count: number): void {
    this.#taken = count;
    this.region.replace(new Uint8Array(count * this.#stride));
  }

  /** The index of the first byte of a slot taken by {@link takeAll}. */
  indexOf(slot: number): number {
    return slot * this.#stride;
  }

  give(index: number): void {
    this.#free.push(index);
    this.forget(index);
  }

  /** Says that what the kernel keeps of a value, such as a timer, is gone, though the slot is not. */
  forget(index: number): void {
    for (const listener of this.#listeners) listener(index);
  }

  /** Has a function called with the index of each slot that is given back or forgotten. */
  onFree(listener: (index: number) => void): void {
    this.#listeners.push(listener);
  }

  read(index: number): Uint8Array {
    return this.region.bytes.slice(index, index + this.size);
  }

  write(index: number, value: Uint8Array): void {
    this.region.bytes.set(value, index);
  }

  #grow(): void {
    const grown = new Uint8Array(Math.max(this.region.bytes.length * 2, FIRST_SLOTS * this.#stride));
    grown.set(this.region.bytes);
    this.region.replace(grown);
  }
}
