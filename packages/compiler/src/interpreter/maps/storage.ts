/**
 * Values that hang on objects of the kernel: sockets, tasks, inodes, cgroups. Outside of the kernel an object is its address, such as
 * {@link Machine.expose} gives. Nobody here knows when an object ends; whoever drives the machine deletes its value then.
 */
import { type Codec, codecOf, type MapSpec, type Type, WaggleError } from '@waggle/bpf';
import { errno } from '../errno.ts';
import type { Region } from '../memory.ts';
import { ValueStore } from './value-store.ts';
import { VirtualMap } from './virtual-map.ts';

/** A storage: values by the addresses of objects. */
export class VirtualStorage<V = unknown> extends VirtualMap implements Iterable<[object: bigint, value: V]> {
  readonly #store: ValueStore;
  readonly #codec: Codec<V>;
  readonly #places = new Map<bigint, number>();

  constructor(name: string, spec: MapSpec) {
    super(name, spec);
    if (!spec.value) throw new WaggleError('BAD_DECLARATION', `map ${name} needs a value`);
    this.#store = new ValueStore(name, spec);
    this.#codec = codecOf(spec.value as Type<V>);
  }

  override get values(): Region {
    return this.#store.region;
  }

  get size(): number {
    return this.#places.size;
  }

  /** Where the value of an object is in the memory of the values. */
  find(object: bigint): number | undefined {
    return this.#places.get(object);
  }

  /** The same; an object that has no value gets one: these bytes, or zeros. */
  ensure(object: bigint, initial?: Uint8Array): number {
    const known = this.find(object);
    if (known !== undefined) return known;
    const index = this.#store.take();
    if (initial) this.#store.write(index, initial);
    this.#places.set(object, index);
    return index;
  }

  /** Takes the value of an object away; 0 or a negative error number. */
  drop(object: bigint): number {
    const index = this.find(object);
    if (index === undefined) return -errno.ENOENT;
    this.#places.delete(object);
    this.#store.give(index);
    return 0;
  }

  /** The value of an object, or undefined when it has none. */
  get(object: bigint): V | undefined {
    const index = this.find(object);
    return index === undefined ? undefined : this.#codec.decode(this.#store.read(index));
  }

  set(object: bigint, value: V): void {
    this.#store.write(this.ensure(object), this.#codec.encode(value));
  }

  /** Takes the value of an object away; whether it had one. */
  delete(object: bigint): boolean {
    return this.drop(object) === 0;
  }

  *[Symbol.iterator](): Generator<[bigint, V]> {
    for (const [object, index] of this.#places) yield [object, this.#codec.decode(this.#store.read(index))];
  }
}
