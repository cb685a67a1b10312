/**
 * The BTF that a map is created with: its key and value types, so that tools can print entries (`bpftool map dump`)
 * and the kernel can check them.
 */

import type { Type } from '@waggle/bpf';
import { BtfBuilder } from './builder.ts';

/** The types of a map; maps without keys (queues) or without both (ring buffers) leave them out. */
export interface MapTypes {
  readonly key?: Type | undefined;
  readonly value?: Type | undefined;
}

/** BTF bytes and the ids in it that BPF_MAP_CREATE wants; an id is 0 where the map has no such type. */
export interface MapBtf {
  readonly bytes: Uint8Array;
  readonly keyTypeId: number;
  readonly valueTypeId: number;
}

/** Returns the BTF of a map with these types, or undefined for one with neither: the kernel refuses BTF without types. */
export function mapBtf({ key, value }: MapTypes): MapBtf | undefined {
  if (!key && !value) return undefined;
  const builder = new BtfBuilder();
  const keyTypeId = key ? builder.fromType(key) : 0;
  const valueTypeId = value ? builder.fromType(value) : 0;
  return { bytes: builder.build(), keyTypeId, valueTypeId };
}
