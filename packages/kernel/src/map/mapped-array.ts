/**
 * The values of an array map in our own memory: reading and writing one is a memory access, no system call. Single
 * fields of up to 8 bytes are never seen half written; a value of several fields may be seen between two writes.
 */
import { type Codec, codecOf, type MapSpec, type Type, WaggleError } from '@waggle/bpf';
import { pageSize } from '../sys/libc.ts';
import { Mapping, Protection } from '../sys/memory.ts';
import type { KernelMap } from './map.ts';

/** A memory-mapped array, until {@link MappedArray.close}; the map itself may be closed before. */
export class MappedArray<V> implements Disposable {
  readonly length: number;
  readonly #object: string;
  readonly #mapping: Mapping;
  readonly #codec: Codec<V>;
  readonly #stride: number;
  #view: DataView | undefined;

  /**
   * Maps the values of an array declared `mmapable`.
   * @throws KernelError when the map was not created that way.
   */
  constructor(map: KernelMap, spec: MapSpec<number, V, 'array'> & { readonly value?: Type<V> }) {
    if (!spec.value) throw new WaggleError('BAD_DECLARATION', `${map.object} is declared without a value`);
    this.#object = map.object;
    this.#codec = codecOf(spec.value);
    this.#stride = Math.ceil(this.#codec.size / 8) * 8;
    this.length = spec.maxEntries;
    const bytes = Math.ceil((this.#stride * this.length) / pageSize) * pageSize;
    this.#mapping = Mapping.create(map.fd, bytes, Protection.readWrite, 0, map.object);
    this.#view = new DataView(this.#mapping.memory);
  }

  get(index: number): V {
    return this.#codec.read(this.#open(), this.#offset(index));
  }

  set(index: number, value: V): void {
    this.#codec.write(this.#open(), this.#offset(index), value);
  }

  close(): void {
    this.#view = undefined;
    this.#mapping.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #open(): DataView {
    if (!this.#view) throw new WaggleError('CLOSED', `the memory of ${this.#object} is closed`);
    return this.#view;
  }

  #offset(index: number): number {
    if (!Number.isInteger(index) || index < 0 || index >= this.length) {
      throw new WaggleError('OUT_OF_RANGE', `${this.#object} has no index ${index} (0 … ${this.length - 1})`);
    }
    return index * this.#stride;
  }
}
