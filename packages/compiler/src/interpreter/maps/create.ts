/** From a declaration to a map outside of the kernel. */
import { type MapSpec, type RingBufferSpec, WaggleError } from '@waggle/bpf';
import type { Executable } from '../executable.ts';
import { VirtualArray } from './array.ts';
import { VirtualFilter } from './filter.ts';
import { VirtualHash } from './hash.ts';
import { VirtualQueue } from './queue.ts';
import { VirtualEvents, VirtualRing } from './records.ts';
import { VirtualReferences } from './references.ts';
import { VirtualStorage } from './storage.ts';
import type { VirtualTable } from './table.ts';
import { VirtualTrie } from './trie.ts';
import { VirtualUserRing } from './user-ring.ts';
import type { VirtualMap } from './virtual-map.ts';

/** The class that a declared map has outside of the kernel. */
export type VirtualMapOf<S extends MapSpec> =
  S extends RingBufferSpec<infer R>
    ? VirtualRing<R>
    : S extends RingBufferSpec<infer R, 'userRingBuffer'>
      ? VirtualUserRing<R>
      : S extends MapSpec<infer K, infer V, infer Kind>
        ? Kind extends 'perCpuHash' | 'perCpuArray' | 'lruPerCpuHash'
          ? VirtualTable<K, V[]>
          : Kind extends 'programArray'
            ? VirtualReferences<K, Executable>
            : Kind extends 'arrayOfMaps' | 'hashOfMaps'
              ? VirtualReferences<K, VirtualMap>
              : Kind extends 'queue' | 'stack'
                ? VirtualQueue<V>
                : Kind extends 'perfEventArray'
                  ? VirtualEvents
                  : Kind extends 'bloomFilter'
                    ? VirtualFilter
                    : Kind extends 'socketStorage' | 'taskStorage' | 'inodeStorage' | 'cgroupStorage'
                      ? VirtualStorage<V>
                      : VirtualTable<K, V>
        : never;

/**
 * Makes a declared map, with the semantics of the kernel on one CPU.
 * @throws WaggleError NOT_SUPPORTED for a type that only makes sense in a kernel.
 */
export function virtualMap<const S extends MapSpec>(spec: S, name = spec.name ?? spec.type): VirtualMapOf<S> {
  return instance(spec, name) as VirtualMapOf<S>;
}

function instance(spec: MapSpec, name: string): VirtualMap {
  switch (spec.type) {
    case 'array':
    case 'perCpuArray':
      return new VirtualArray(name, spec);
    case 'hash':
    case 'perCpuHash':
    case 'lruHash':
    case 'lruPerCpuHash':
    case 'deviceMap':
    case 'deviceHashMap':
    case 'cpuMap':
    case 'xskMap':
      return new VirtualHash(name, spec);
    case 'lpmTrie':
      return new VirtualTrie(name, spec);
    case 'queue':
    case 'stack':
      return new VirtualQueue(name, spec);
    case 'bloomFilter':
      return new VirtualFilter(name, spec);
    case 'ringBuffer':
      return new VirtualRing(name, spec);
    case 'userRingBuffer':
      return new VirtualUserRing(name, spec);
    case 'socketStorage':
    case 'taskStorage':
    case 'inodeStorage':
    case 'cgroupStorage':
      return new VirtualStorage(name, spec);
    case 'perfEventArray':
      return new VirtualEvents(name, spec);
    case 'programArray':
    case 'arrayOfMaps':
    case 'hashOfMaps':
      return new VirtualReferences(name, spec);
    default:
      throw new WaggleError(
        'NOT_SUPPORTED',
        `a map of type ${spec.type} (${name}) exists only in the kernel`,
      );
  }
}
