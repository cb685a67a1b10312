/** Arrays: every index below the length has a value from the start, and none can be removed. */
import type { MapSpec } from '@waggle/bpf';
import { errno } from '../errno.ts';
import { VirtualTable, validFlags } from './table.ts';
import { UpdateFlag } from './virtual-map.ts';

export class VirtualArray<K = unknown, V = unknown> extends VirtualTable<K, V> {
  constructor(name: string, spec: MapSpec) {
    super(name, spec);
    this.store.takeAll(spec.maxEntries);
  }

  override lookup(key: Uint8Array): number | undefined {
    const slot = indexOf(key);
    return slot < this.spec.maxEntries ? this.store.indexOf(slot) : undefined;
  }

  override update(key: Uint8Array, value: Uint8Array, flags: number): number {
    if (!validFlags(flags)) return -errno.EINVAL;
    const index = this.lookup(key);
    if (index === undefined) return -errno.E2BIG;
    if ((flags & UpdateFlag.create) !== 0) return -errno.EEXIST;
    this.store.write(index, value);
    return 0;
  }

  override remove(_key: Uint8Array): number {
    return -errno.EINVAL;
  }

  override *places(): Generator<readonly [Uint8Array, number]> {
    for (let slot = 0; slot < this.spec.maxEntries; slot++) yield [keyOf(slot), this.store.indexOf(slot)];
  }

  protected override find(key: Uint8Array): number | undefined {
    return this.lookup(key);
  }
}

const viewOf = (key: Uint8Array): DataView => new DataView(key.buffer, key.byteOffset, key.length);

/** The index that a key of 4 bytes means. */
export const indexOf = (key: Uint8Array): number => viewOf(key).getUint32(0, true);

function keyOf(slot: number): Uint8Array {
  const key = new Uint8Array(4);
  viewOf(key).setUint32(0, slot, true);
  return key;
}
