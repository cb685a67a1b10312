/**
 * Tables that find the longest prefix. Prefixes are kept by their length and bits; a lookup asks for each shorter prefix
 * of the key in turn, which is slow and plain, where the kernel walks a trie.
 */
import { errno } from '../errno.ts';
import { VirtualTable, validFlags } from './table.ts';
import { keyBytes, keyText, UpdateFlag } from './virtual-map.ts';

/** Bytes of a key before its prefix: the length in bits. */
const LENGTH = 4;

export class VirtualTrie<K = unknown, V = unknown> extends VirtualTable<K, V> {
  /** Where the values are, by the key with all bits after the prefix zero. */
  readonly #places = new Map<string, number>();
  /** The key as it was set last; the kernel shows it with the bits after the prefix. */
  readonly #keys = new Map<string, string>();

  override lookup(key: Uint8Array): number | undefined {
    for (let length = this.#lengthOf(key) ?? -1; length >= 0; length--) {
      const index = this.#places.get(keyText(prefixOf(key, length)));
      if (index !== undefined) return index;
    }
    return undefined;
  }

  override update(key: Uint8Array, value: Uint8Array, flags: number): number {
    const length = this.#lengthOf(key);
    if (!validFlags(flags) || length === undefined) return -errno.EINVAL;
    const prefix = keyText(prefixOf(key, length));
    const old = this.#places.get(prefix);
    if (old !== undefined && (flags & UpdateFlag.create) !== 0) return -errno.EEXIST;
    if (old === undefined && (flags & UpdateFlag.replace) !== 0) return -errno.ENOENT;
    if (old === undefined && this.#places.size === this.spec.maxEntries) return -errno.ENOSPC;
    const index = old ?? this.store.take();
    this.store.write(index, value);
    this.#places.set(prefix, index);
    this.#keys.set(prefix, keyText(key));
    return 0;
  }

  override remove(key: Uint8Array): number {
    const length = this.#lengthOf(key);
    if (length === undefined) return -errno.EINVAL;
    const prefix = keyText(prefixOf(key, length));
    const index = this.#places.get(prefix);
    if (index === undefined) return -errno.ENOENT;
    this.#places.delete(prefix);
    this.#keys.delete(prefix);
    this.store.give(index);
    return 0;
  }

  override *places(): Generator<readonly [Uint8Array, number]> {
    for (const [prefix, index] of this.#places) yield [keyBytes(this.#keys.get(prefix) ?? prefix), index];
  }

  /** User space, too, finds the longest prefix. */
  protected override find(key: Uint8Array): number | undefined {
    return this.lookup(key);
  }

  /** The length of a key's prefix, unless it is longer than a key. */
  #lengthOf(key: Uint8Array): number | undefined {
    const length = new DataView(key.buffer, key.byteOffset).getUint32(0, true);
    return length <= (key.length - LENGTH) * 8 ? length : undefined;
  }
}

/** A key of the first `length` bits of another one. */
function prefixOf(key: Uint8Array, length: number): Uint8Array {
  const prefix = new Uint8Array(key.length);
  new DataView(prefix.buffer).setUint32(0, length, true);
  const whole = LENGTH + Math.floor(length / 8);
  prefix.set(key.subarray(LENGTH, whole), LENGTH);
  if (length % 8 > 0) prefix[whole] = (key[whole] ?? 0) & (0xff00 >> (length % 8));
  return prefix;
}
