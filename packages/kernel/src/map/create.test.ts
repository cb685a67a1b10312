/** Every kind of map that can be declared can be created, and is what the kernel says it is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  arrayMap,
  arrayOfMaps,
  bloomFilter,
  bytes,
  cgroupArray,
  cgroupStorage,
  cpuMap,
  DeviceTarget,
  deviceHashMap,
  deviceMap,
  hashMap,
  hashOfMaps,
  inodeStorage,
  lpmTrie,
  lruHashMap,
  lruPerCpuHashMap,
  type MapSpec,
  type MapType,
  mapTypes,
  perCpuArrayMap,
  perCpuHashMap,
  perfEventArray,
  programArray,
  queueMap,
  reuseportSockArray,
  ringBuffer,
  socketStorage,
  sockHash,
  sockMap,
  stackMap,
  stackTraceMap,
  struct,
  taskStorage,
  u32,
  u64,
  userRingBuffer,
  xskMap,
} from '@waggle/bpf';
import { probe } from '../probe/index.ts';
import { needsRoot } from '../testing/lab.ts';
import { createMap, openMap } from './create.ts';
import type { KernelMap } from './map.ts';

const size = { maxEntries: 4 };
const entry = { key: u32, value: u64, maxEntries: 4 };
const inner = hashMap(entry);
const Prefix = struct('prefix', { prefixLength: u32, address: bytes(16) });

const declarations: Record<MapType, MapSpec> = {
  hash: hashMap({ ...entry, preallocate: false }),
  array: arrayMap({ value: u64, ...size }),
  programArray: programArray(size),
  perfEventArray: perfEventArray(size),
  perCpuHash: perCpuHashMap(entry),
  perCpuArray: perCpuArrayMap({ value: u64, ...size }),
  stackTrace: stackTraceMap({ ...size, depth: 16 }),
  cgroupArray: cgroupArray(size),
  lruHash: lruHashMap(entry),
  lruPerCpuHash: lruPerCpuHashMap(entry),
  lpmTrie: lpmTrie({ key: Prefix, value: u64, ...size }),
  arrayOfMaps: arrayOfMaps({ inner, ...size }),
  hashOfMaps: hashOfMaps({ key: u64, inner, ...size }),
  deviceMap: deviceMap(size),
  sockMap: sockMap(size),
  cpuMap: cpuMap({ maxEntries: 1 }),
  xskMap: xskMap(size),
  sockHash: sockHash({ key: u64, ...size }),
  reuseportSockArray: reuseportSockArray(size),
  queue: queueMap({ value: u64, ...size }),
  stack: stackMap({ value: u64, ...size }),
  socketStorage: socketStorage({ value: u64 }),
  deviceHashMap: deviceHashMap({ value: DeviceTarget, ...size }),
  ringBuffer: ringBuffer({ bytes: 4096 }),
  inodeStorage: inodeStorage({ value: u64 }),
  taskStorage: taskStorage({ value: u64 }),
  bloomFilter: bloomFilter({ value: u64, maxEntries: 4, hashes: 3 }),
  userRingBuffer: userRingBuffer({ bytes: 4096 }),
  cgroupStorage: cgroupStorage({ value: u64 }),
};

for (const [type, spec] of Object.entries(declarations)) {
  test(`create and open: ${type}`, { skip: needsRoot }, (t) => {
    const result = probe(`map ${type}`);
    if (!result.available) return t.skip(result.detail);
    using map: KernelMap = createMap(spec, { name: 'kind' });
    const info = map.info();
    assert.equal(info.name, 'kind');
    assert.equal(info.type, mapTypes[spec.type].number);
    assert.equal(info.keySize, spec.key?.size ?? 0);
    assert.equal(info.valueSize, spec.value?.size ?? 0);
    using again: KernelMap = openMap({ id: info.id }, spec);
    assert.equal(again.info().id, info.id);
    using raw = openMap({ id: info.id });
    assert.equal(raw.maxEntries, info.maxEntries);
  });
}

test('a storage answers by the descriptor of its object', { skip: needsRoot }, () => {
  using map = createMap(cgroupStorage({ name: 'storage', value: u64 }));
  assert.throws(() => map.get(-1), /look up in map "storage": EBADF/);
});

test('a value of a map that refers to devices', { skip: needsRoot }, () => {
  using map = createMap(deviceMap({ name: 'devices', maxEntries: 4 }));
  assert.equal(map.get(0), undefined);
  assert.throws(() => map.set(0, 0x7fff_fff0), /set in map "devices": (EINVAL|ENODEV)/);
});
