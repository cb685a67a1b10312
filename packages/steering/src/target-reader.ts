/** Targets that were read from the map, of which most are of no interest: no object is made for these. */
import { codecOf } from '@waggle/bpf';
import type { PackedElements } from '@waggle/kernel';
import { offsetOf } from './records.ts';
import { Target, TargetKey } from './steer.bpf.ts';

const keySize = TargetKey.size;
const valueCodec = codecOf(Target);
const GENERATION = offsetOf(TargetKey, 'generation');
const LOOKUPS = offsetOf(Target, 'lookups');

export class TargetReader {
  readonly #packed: PackedElements;
  readonly #values: DataView;

  constructor(packed: PackedElements) {
    this.#packed = packed;
    const { buffer, byteOffset, byteLength } = packed.values;
    this.#values = new DataView(buffer, byteOffset, byteLength);
  }

  /** The keys of a generation, side by side. */
  keysOf(generation: number): Uint8Array {
    const { keys } = this.#packed;
    const found = new Uint8Array(keys.length);
    let end = 0;
    for (let start = 0; start < keys.length; start += keySize) {
      if (keys[start + GENERATION] !== generation) continue;
      found.set(keys.subarray(start, start + keySize), end);
      end += keySize;
    }
    return found.subarray(0, end);
  }

  /** How many there are of a generation. */
  countOf(generation: number): number {
    return this.keysOf(generation).length / keySize;
  }

  /** What each binding of a generation has counted, where that is not 0. */
  lookupsOf(generation: number): Map<number, bigint> {
    const { keys } = this.#packed;
    const found = new Map<number, bigint>();
    for (let index = 0; index < keys.length / keySize; index++) {
      const start = index * valueCodec.size;
      // Most have counted nothing, and a bigint is dear.
      const at = start + LOOKUPS;
      if (this.#values.getUint32(at) === 0 && this.#values.getUint32(at + 4) === 0) continue;
      if (keys[index * keySize + GENERATION] !== generation) continue;
      const { binding, lookups } = valueCodec.read(this.#values, start);
      found.set(binding, (found.get(binding) ?? 0n) + lookups);
    }
    return found;
  }
}
