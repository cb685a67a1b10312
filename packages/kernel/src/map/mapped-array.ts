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

  /** The bytes of `count` values from an index on, each padded to a multiple of 8: a copy. */
  readPacked(first: number, count: number): Uint8Array {
    return this.#bytes(first, count * this.#stride).slice();
  }

  /** Sets the values from an index on to bytes that {@link MappedArray.readPacked} could have read. @throws WaggleError OUT_OF_RANGE */
  writePacked(first: number, bytes: Uint8Array): void {
    this.#bytes(first, bytes.length).set(bytes);
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

  #bytes(first: number, length: number): Uint8Array {
    const { buffer } = this.#open();
    const start = this.#offset(first);
    if (length >= 0 && start + length <= this.length * this.#stride) {
      return new Uint8Array(buffer, start, length);
    }
    const room = `from index ${first} on ${this.#object} has ${(this.length - first) * this.#stride} bytes`;
    throw new WaggleError('OUT_OF_RANGE', `${room}, not ${length}`);
  }

  #offset(index: number): number {
    if (!Number.isInteger(index) || index < 0 || index >= this.length) {
      throw new WaggleError('OUT_OF_RANGE', `${this.#object} has no index ${index} (0 … ${this.length - 1})`);
    }
    return index * this.#stride;
  }
}
