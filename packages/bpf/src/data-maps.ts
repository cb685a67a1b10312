/**
 * Maps that hold data: hash tables, arrays, tries, queues, filters, ring buffers, and maps of such maps. Each
 * constructor checks its options and returns a frozen {@link MapSpec}; all throw BAD_DECLARATION, saying what
 * the kernel would refuse.
 */
import { describe } from './describe.ts';
import { WaggleError } from './errors.ts';
import type { MapOfMapsMethods, RingMethods, UserRingMethods } from './language/map-methods.ts';
import {
  type AccessOptions,
  checkInteger,
  declareMap,
  isMapSpec,
  type MapOptions,
  type MapSpec,
  type ProgramMap,
} from './map.ts';
import type { MapType } from './map-types.ts';
import { u32 } from './scalar.ts';
import { isType, type Type, typeName } from './types.ts';

/** Options of maps from keys to values. */
export interface KeyedMapOptions<K, V> extends MapOptions, AccessOptions {
  readonly key: Type<K>;
  readonly value: Type<V>;
  readonly maxEntries: number;
}

/** Options of hash maps. */
export interface HashMapOptions<K, V> extends KeyedMapOptions<K, V> {
  /** false: take memory for entries one by one as they come, instead of all at the start. */
  readonly preallocate?: boolean;
}

/** Options of maps that forget the least recently used entry when they are full. */
export interface LruMapOptions<K, V> extends KeyedMapOptions<K, V> {
  /**
   * One list of entries per CPU instead of one for all: faster, but what to forget is decided by each CPU
   * alone.
   */
  readonly noCommonLru?: boolean;
}

/** Options of maps whose values have a position or an order, but no key of their own. */
export interface ValueMapOptions<V> extends MapOptions, AccessOptions {
  readonly value: Type<V>;
  readonly maxEntries: number;
}

/** Options of arrays. */
export interface ArrayMapOptions<V> extends ValueMapOptions<V> {
  /** User space may map the values into its memory, and then reads and writes them without a system call. */
  readonly mmapable?: boolean;
  /** The array may become the inner map of a map of arrays that have other lengths (Linux 5.10). */
  readonly innerMap?: boolean;
}

/** A hash table; at most 512 bytes of key. Linux 3.19. */
export function hashMap<K, V>(options: HashMapOptions<K, V>): ProgramMap<K, V, 'hash'> {
  return declareMap('hash', options);
}

/** Values at the indexes 0 to maxEntries - 1, zero at the start; nothing can be deleted. Linux 3.19. */
export function arrayMap<V>(options: ArrayMapOptions<V>): ProgramMap<u32, V, 'array'> {
  return declareMap('array', options);
}

/** A hash table in which each CPU has its own value of a key; at most 32 KiB of value. Linux 4.6. */
export function perCpuHashMap<K, V>(
  options: Omit<HashMapOptions<K, V>, 'numaNode'>,
): ProgramMap<K, V, 'perCpuHash'> {
  return declareMap('perCpuHash', options);
}

/** An array in which each CPU has its own value at an index; at most 32 KiB of value. Linux 4.6. */
export function perCpuArrayMap<V>(
  options: Omit<ValueMapOptions<V>, 'numaNode'>,
): ProgramMap<u32, V, 'perCpuArray'> {
  return declareMap('perCpuArray', options);
}

/** A hash table that forgets what was not used for the longest time when it is full. Linux 4.10. */
export function lruHashMap<K, V>(options: LruMapOptions<K, V>): ProgramMap<K, V, 'lruHash'> {
  return declareMap('lruHash', options);
}

/** An LRU hash table in which each CPU has its own value of a key. Linux 4.10. */
export function lruPerCpuHashMap<K, V>(
  options: Omit<LruMapOptions<K, V>, 'numaNode'>,
): ProgramMap<K, V, 'lruPerCpuHash'> {
  return declareMap('lruPerCpuHash', options);
}

/** The most bytes that a trie compares. */
const LONGEST_PREFIX = 256;

/**
 * A trie that finds the entry with the longest prefix of a key, as routing tables do. The key is a struct
 * whose first field is `prefixLength: u32`, in bits; up to 256 bytes follow, compared from the first bit of
 * the first byte, which is why addresses in it are be32, be64 or bytes(16). Linux 4.11.
 */
export function lpmTrie<K extends { prefixLength: u32 }, V>(
  options: KeyedMapOptions<K, V>,
): ProgramMap<K, V, 'lpmTrie'> {
  const spec = declareMap<ProgramMap<K, V, 'lpmTrie'>>('lpmTrie', options);
  const { key } = options;
  const first = key.kind === 'struct' ? key.fields[0] : undefined;
  if (first?.name !== 'prefixLength' || first.type !== u32) {
    throw new WaggleError('BAD_DECLARATION', `lpmTrie: the key ${typeName(key)} has no prefix length`, {
      hint: 'Use a struct whose first field is prefixLength: u32',
    });
  }
  const data = key.size - u32.size;
  if (data < 1 || data > LONGEST_PREFIX) {
    throw new WaggleError(
      'BAD_DECLARATION',
      `lpmTrie: the key ${typeName(key)} has ${data} bytes after the prefix length, but 1 to ${LONGEST_PREFIX} are possible`,
    );
  }
  return spec;
}

/**
 * First in, first out. A full queue takes no more, unless a program asks it to forget the oldest. Linux 4.20.
 */
export function queueMap<V>(options: ValueMapOptions<V>): ProgramMap<never, V, 'queue'> {
  return declareMap('queue', options);
}

/** Last in, first out. Linux 4.20. */
export function stackMap<V>(options: ValueMapOptions<V>): ProgramMap<never, V, 'stack'> {
  return declareMap('stack', options);
}

/** Options of {@link bloomFilter}. */
export interface BloomFilterOptions<V> extends ValueMapOptions<V> {
  /** The number of hash functions, 1 to 15; the kernel takes 5 by default. */
  readonly hashes?: number;
}

/** A set that answers "perhaps" or "certainly not"; `maxEntries` values are expected. Linux 5.16. */
export function bloomFilter<V>(options: BloomFilterOptions<V>): ProgramMap<never, V, 'bloomFilter'> {
  const { hashes } = options;
  if (hashes === undefined) return declareMap('bloomFilter', options);
  return declareMap('bloomFilter', options, { extra: checkInteger('bloomFilter', 'hashes', hashes, 1, 15) });
}

/** Options of ring buffers. */
export interface RingBufferOptions<R> extends MapOptions {
  /** The size of the buffer: a power of two and at least 4096 (the page size of the machine). */
  readonly bytes: number;
  /** What goes through the buffer, when that is always the same. */
  readonly record?: Type<R>;
}

/** A ring buffer of known records; `R` is `unknown` when none is declared. */
export interface RingBufferSpec<R, Kind extends 'ringBuffer' | 'userRingBuffer' = 'ringBuffer'>
  extends MapSpec<never, never, Kind> {
  readonly record?: Type<R>;
}

/** A ring buffer with what programs do with it. */
export type ProgramRingBuffer<R> = RingBufferSpec<R> & RingMethods<R>;

/** A buffer through which programs of all CPUs send records to user space, in order. Linux 5.8. */
export function ringBuffer<R = unknown>(options: RingBufferOptions<R>): ProgramRingBuffer<R> {
  return ring('ringBuffer', options);
}

/** A buffer through which user space sends records to programs. Linux 6.1. */
export function userRingBuffer<R = unknown>(
  options: RingBufferOptions<R>,
): RingBufferSpec<R, 'userRingBuffer'> & UserRingMethods<R> {
  return ring('userRingBuffer', options);
}

/** A map of maps; user space sets descriptors of maps that look like `inner`, and reads their ids. */
export interface MapOfMapsSpec<K, Inner extends MapSpec, Kind extends 'arrayOfMaps' | 'hashOfMaps'>
  extends MapSpec<K, u32, Kind> {
  readonly inner: Inner;
}

/** A map of maps with what programs do with it. */
export type ProgramMapOfMaps<
  K,
  Inner extends MapSpec,
  Kind extends 'arrayOfMaps' | 'hashOfMaps',
> = MapOfMapsSpec<K, Inner, Kind> & MapOfMapsMethods<K, Inner>;

/** An array of maps of the same declaration. Linux 4.12. */
export function arrayOfMaps<Inner extends MapSpec>(
  options: MapOptions & { readonly inner: Inner; readonly maxEntries: number },
): ProgramMapOfMaps<u32, Inner, 'arrayOfMaps'> {
  return mapOfMaps('arrayOfMaps', options);
}

/** A hash table of maps of the same declaration. Linux 4.12. */
export function hashOfMaps<K, Inner extends MapSpec>(
  options: MapOptions & {
    readonly key: Type<K>;
    readonly inner: Inner;
    readonly maxEntries: number;
    readonly preallocate?: boolean;
  },
): ProgramMapOfMaps<K, Inner, 'hashOfMaps'> {
  return mapOfMaps('hashOfMaps', options);
}

/** The kernel cannot compare these with what the outer map was made for. */
const NEVER_INNER: ReadonlySet<MapType> = new Set(['arrayOfMaps', 'hashOfMaps', 'programArray']);

function mapOfMaps<K, Inner extends MapSpec, Kind extends 'arrayOfMaps' | 'hashOfMaps'>(
  type: Kind,
  options: MapOptions & { readonly inner: Inner },
): ProgramMapOfMaps<K, Inner, Kind> {
  const inner: unknown = options?.inner;
  if (!isMapSpec(inner)) {
    throw new WaggleError('BAD_DECLARATION', `${type} needs a map as its inner map, got ${describe(inner)}`);
  }
  if (NEVER_INNER.has(inner.type)) {
    throw new WaggleError('BAD_DECLARATION', `${type} cannot hold a map of type ${inner.type}`);
  }
  return declareMap(type, options, { inner });
}

const SMALLEST_RING = 4096;
const LARGEST_RING = 2 ** 31;

function ring<Spec extends RingBufferSpec<R, 'ringBuffer' | 'userRingBuffer'>, R>(
  type: Spec['type'],
  options: RingBufferOptions<R>,
): Spec {
  const bytes = checkInteger(type, 'bytes', options?.bytes, 1, LARGEST_RING);
  const below = 2 ** Math.floor(Math.log2(bytes));
  if (bytes !== below || bytes < SMALLEST_RING) {
    const sizes = bytes < SMALLEST_RING ? `${SMALLEST_RING}` : `${below} or ${below * 2}`;
    throw new WaggleError('BAD_DECLARATION', `${type} cannot have ${bytes} bytes`, {
      hint: `The size is a power of two and at least ${SMALLEST_RING}: use ${sizes}`,
    });
  }
  const { record } = options;
  if (record === undefined) return declareMap(type, options, { maxEntries: bytes });
  if (!isType(record)) {
    throw new WaggleError('BAD_DECLARATION', `${type} needs a type as its record, got ${describe(record)}`);
  }
  return declareMap(type, options, { maxEntries: bytes, record });
}
