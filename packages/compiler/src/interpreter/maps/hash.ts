/**
 * Hash tables, and those that forget what was not used for the longest time when they are full. Redirection targets are
 * kept here as well, also in the kinds of map that the kernel keeps in an array: entries of it may be missing.
 */
import { type MapSpec, mapTypes } from '@waggle/bpf';
import { errno } from '../errno.ts';
import { indexOf } from './array.ts';
import { VirtualTable, validFlags } from './table.ts';
import { keyBytes, keyText, UpdateFlag } from './virtual-map.ts';

export class VirtualHash<K = unknown, V = unknown> extends VirtualTable<K, V> {
  /** Where the values are, by key; in an LRU table in the order of their last use. */
  readonly #places = new Map<string, number>();
  readonly #forgets: boolean;
  /** The kernel keeps it in an array in which entries may be missing. */
  readonly #isIndexed: boolean;

  constructor(name: string, spec: MapSpec) {
    super(name, spec);
    this.#forgets = spec.type === 'lruHash' || spec.type === 'lruPerCpuHash';
    this.#isIndexed = mapTypes[spec.type].key === 'index' && spec.type !== 'deviceHashMap';
  }

  get size(): number {
    return this.#places.size;
  }

  override lookup(key: Uint8Array): number | undefined {
    const text = keyText(key);
    const index = this.#places.get(text);
    if (index !== undefined && this.#forgets) this.#use(text, index);
    return index;
  }

  override update(key: Uint8Array, value: Uint8Array, flags: number): number {
    if (!validFlags(flags)) return -errno.EINVAL;
    if (this.#isIndexed && indexOf(key) >= this.spec.maxEntries) return -errno.E2BIG;
    const text = keyText(key);
    const old = this.#places.get(text);
    if (old !== undefined && (flags & UpdateFlag.create) !== 0) return -errno.EEXIST;
    if (old === undefined && (flags & UpdateFlag.replace) !== 0) return -errno.ENOENT;
    if (old === undefined && this.#places.size === this.spec.maxEntries && !this.#forgetOldest()) {
      return -errno.E2BIG;
    }
    const index = old ?? this.store.take();
    // The kernel makes a new entry, and the timer of the old one ends with it.
    if (old !== undefined) this.store.forget(old);
    this.store.write(index, value);
    if (old === undefined || this.#forgets) this.#use(text, index);
    return 0;
  }

  override remove(key: Uint8Array): number {
    const text = keyText(key);
    const index = this.#places.get(text);
    if (index === undefined) return -errno.ENOENT;
    this.#places.delete(text);
    this.store.give(index);
    return 0;
  }

  override *places(): Generator<readonly [Uint8Array, number]> {
    for (const [text, index] of this.#places) yield [keyBytes(text), index];
  }

  protected override find(key: Uint8Array): number | undefined {
    return this.#places.get(keyText(key));
  }

  /** Makes a key the most recently used one. */
  #use(text: string, index: number): void {
    this.#places.delete(text);
    this.#places.set(text, index);
  }

  #forgetOldest(): boolean {
    if (!this.#forgets) return false;
    for (const [text, index] of this.#places) {
      this.#places.delete(text);
      this.store.give(index);
      return true;
    }
    return false;
  }
}
