/**
 * Maps from keys to values that lie in memory. What a kind of map has of its own is how it finds, makes and removes a
 * value; the codecs and the methods of user space are the same for all.
 */
import { type Codec, codecOf, type MapSpec, mapTypes, type Type, WaggleError } from '@waggle/bpf';
import { errno } from '../errno.ts';
import type { Region } from '../memory.ts';
import { ValueStore } from './value-store.ts';
import { UpdateFlag, type UpdateMode, VirtualMap } from './virtual-map.ts';

/** A map from `K` to `V`; per-CPU values are arrays of one, since the machine has one CPU. */
export abstract class VirtualTable<K = unknown, V = unknown> extends VirtualMap implements Iterable<[K, V]> {
  protected readonly store: ValueStore;
  readonly #key: Codec<K>;
  readonly #value: Codec<V>;

  constructor(name: string, spec: MapSpec) {
    super(name, spec);
    const { key, value, type } = spec;
    if (!key || !value) throw new WaggleError('BAD_DECLARATION', `map ${name} needs a key and a value`);
    this.store = new ValueStore(name, spec);
    this.#key = codecOf(key as Type<K>);
    this.#value = mapTypes[type].perCpu ? onOneCpu(value as Type<V>) : codecOf(value as Type<V>);
  }

  override get values(): Region {
    return this.store.region;
  }

  override onFree(listener: (index: number) => void): void {
    this.store.onFree(listener);
  }

  abstract override lookup(key: Uint8Array): number | undefined;
  abstract override update(key: Uint8Array, value: Uint8Array, flags: number): number;
  abstract override remove(key: Uint8Array): number;
  abstract override places(): Iterable<readonly [key: Uint8Array, index: number]>;
  /** Finds a key without counting as a use of it. */
  protected abstract find(key: Uint8Array): number | undefined;

  /** The value of a key, or undefined when there is none. */
  get(key: K): V | undefined {
    const index = this.find(this.#key.encode(key));
    return index === undefined ? undefined : this.#value.decode(this.store.read(index));
  }

  has(key: K): boolean {
    return this.find(this.#key.encode(key)) !== undefined;
  }

  /** Sets the value of a key. @throws WaggleError FULL, EXISTS, NOT_FOUND, or OUT_OF_RANGE for a key that cannot be. */
  set(key: K, value: V, mode: UpdateMode = 'any'): void {
    const result = this.update(this.#key.encode(key), this.#value.encode(value), UpdateFlag[mode]);
    if (result < 0) throw this.#error(-result);
  }

  /** Removes an entry; whether there was one. */
  delete(key: K): boolean {
    return this.remove(this.#key.encode(key)) === 0;
  }

  *entries(): Generator<[K, V]> {
    for (const [key, index] of this.places()) {
      yield [this.#key.decode(key), this.#value.decode(this.store.read(index))];
    }
  }

  [Symbol.iterator](): Generator<[K, V]> {
    return this.entries();
  }

  #error(number: number): WaggleError {
    const object = `map ${this.name}`;
    switch (number) {
      case errno.EEXIST:
        return new WaggleError('EXISTS', `${object} has that key`);
      case errno.ENOENT:
        return new WaggleError('NOT_FOUND', `${object} has no such key`);
      case errno.E2BIG:
      case errno.ENOSPC:
        return new WaggleError('FULL', `${object} has room for ${this.spec.maxEntries} entries`);
      default:
        return new WaggleError('OUT_OF_RANGE', `${object} takes no such key`);
    }
  }
}

/** Whether flags of an update are known; spin locks are taken by nobody else here. */
export const validFlags = (flags: number): boolean => (flags & ~UpdateFlag.lock) <= UpdateFlag.replace;

function onOneCpu<V>(type: Type<V>): Codec<V> {
  const codec = codecOf(type);
  const only = (values: unknown): V => {
    if (Array.isArray(values) && values.length === 1) return values[0];
    throw new WaggleError(
      'WRONG_SIZE',
      'a per-CPU value is an array of 1 value, for the one CPU of the machine',
    );
  };
  const around = {
    size: codec.size,
    write: (view: DataView, offset: number, values: unknown) => codec.write(view, offset, only(values)),
    read: (view: DataView, offset: number) => [codec.read(view, offset)],
    encode: (values: unknown) => codec.encode(only(values)),
    decode: (bytes: Uint8Array) => [codec.decode(bytes)],
  };
  return around as Codec<V>;
}
