/**
 * Many elements in one system call (5.6): reading costs a sixth of a call for each, and the kernel walks the table
 * once. Kinds of maps that have no batches are walked key by key, at the price of two calls an element.
 */
import { WaggleError } from '@waggle/bpf';
import { KernelError } from '../errors.ts';
import { MapBatch, MapElement } from '../sys/attributes.ts';
import { Attribute, Command } from '../sys/bpf.ts';
import { errno } from '../sys/errno.ts';
import { NativeBuffer } from '../sys/memory.ts';
import type { KernelMap } from './map.ts';

/** Elements of a map, side by side; the buffers are used again for the next batch. */
export interface Batch {
  readonly keys: DataView;
  readonly values: DataView;
  readonly count: number;
}

/** Bytes of one key and one value in a call, and the number of elements that the map may have. */
export interface Sizes {
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
}

/** Elements in one call: enough to make its cost vanish, few enough to stay in the cache. */
const CHUNK = 4096;

/** What kernels answer for kinds of maps that have no batches. */
const isUnsupported = (number: number): boolean =>
  number === errno.EINVAL || number === errno.ENOTSUPP || number === errno.EOPNOTSUPP;

/** All elements of a map. */
export function* readBatches(map: KernelMap, sizes: Sizes): Generator<Batch> {
  const supported = yield* batches(map, Command.mapLookupBatch, sizes);
  if (!supported) yield* walk(map, sizes);
}

/**
 * All elements of a map, removed as they are read.
 * @throws KernelError NOT_SUPPORTED for a kind of map that cannot do that in one step.
 */
export function* drainBatches(map: KernelMap, sizes: Sizes): Generator<Batch> {
  const supported = yield* batches(map, Command.mapLookupAndDeleteBatch, sizes);
  if (!supported) throw new KernelError('drain', map.object, errno.ENOTSUPP);
}

/** Returns false, without a batch, when this kind of map has none. */
function* batches(map: KernelMap, command: Command, sizes: Sizes): Generator<Batch, boolean> {
  // The kernel's place in the table: a number for hashes, a key for others.
  const position = new NativeBuffer(Math.max(sizes.keySize, 8));
  let chunk = Math.min(CHUNK, sizes.maxEntries);
  let keys = new NativeBuffer(chunk * sizes.keySize);
  let values = new NativeBuffer(chunk * sizes.valueSize);
  const attribute = new Attribute(MapBatch, { out_batch: position });

  for (let first = true; ; ) {
    attribute.set('map_fd', map.fd);
    attribute.set('keys', keys);
    attribute.set('values', values);
    attribute.set('count', chunk);
    const result = attribute.execute(command);
    if (result === -errno.ENOSPC && chunk < sizes.maxEntries) {
      // A bucket of the hash holds more than the buffers: the same place again, with larger ones.
      chunk = Math.min(chunk * 2, sizes.maxEntries);
      keys = new NativeBuffer(chunk * sizes.keySize);
      values = new NativeBuffer(chunk * sizes.valueSize);
      continue;
    }
    if (result < 0 && result !== -errno.ENOENT) {
      if (first && isUnsupported(-result)) return false;
      throw new KernelError('read', map.object, -result);
    }
    const count = attribute.get('count');
    if (count > 0) yield { keys: keys.view, values: values.view, count };
    if (result === -errno.ENOENT) return true;
    first = false;
    attribute.set('in_batch', position);
  }
}

/** One element after the other: the next key, then its value. */
function* walk(map: KernelMap, sizes: Sizes): Generator<Batch> {
  const current = new NativeBuffer(sizes.keySize);
  const next = new NativeBuffer(sizes.keySize);
  const values = new NativeBuffer(sizes.valueSize);
  const step = new Attribute(MapElement, { value: next });
  const lookup = new Attribute(MapElement, { key: next, value: values });

  for (let steps = 0; ; steps++) {
    step.set('map_fd', map.fd);
    const result = step.execute(Command.mapGetNextKey);
    if (result === -errno.ENOENT) return;
    if (result < 0) throw new KernelError('read', map.object, -result);
    if (steps >= sizes.maxEntries) {
      // The kernel starts over when the key it stands at is gone.
      throw new WaggleError('BUSY', `${map.object} changes faster than it can be read`);
    }
    lookup.set('map_fd', map.fd);
    const found = lookup.execute(Command.mapLookup);
    if (found === 0) yield { keys: next.view, values: values.view, count: 1 };
    else if (found !== -errno.ENOENT) throw new KernelError('read', map.object, -found);
    current.bytes.set(next.bytes);
    step.set('key', current);
  }
}

/**
 * Sets `count` elements. Returns false, with nothing done, when this kind of map has no batches.
 * @throws KernelError that says after how many elements the kernel stopped.
 */
export function writeBatch(map: KernelMap, keys: NativeBuffer, values: NativeBuffer, count: number): boolean {
  if (count === 0) return true;
  const attribute = new Attribute(MapBatch, { map_fd: map.fd, keys, values, count });
  const result = attribute.execute(Command.mapUpdateBatch);
  if (result >= 0) return true;
  const done = attribute.get('count');
  if (isUnsupported(-result) && (done === 0 || done === count)) return false;
  const full = -result === errno.E2BIG;
  throw new KernelError(`set ${count} entries in`, map.object, -result, {
    ...(full ? { code: 'FULL' as const } : {}),
    hint: `The kernel stopped after ${done} of them${full ? ': the map is full' : ''}`,
  });
}

/**
 * Removes elements, up to the first that is not there.
 * @returns how many; 0 also when this kind of map has no batches.
 */
export function deleteBatch(map: KernelMap, keys: NativeBuffer, count: number): number {
  if (count === 0) return 0;
  const attribute = new Attribute(MapBatch, { map_fd: map.fd, keys, count });
  const result = attribute.execute(Command.mapDeleteBatch);
  if (result >= 0) return count;
  if (isUnsupported(-result)) return 0;
  if (result === -errno.ENOENT) return attribute.get('count');
  throw new KernelError(`delete ${count} entries from`, map.object, -result);
}
