import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  arrayMap,
  arrayOfMaps,
  bloomFilter,
  hashMap,
  hashOfMaps,
  lpmTrie,
  lruHashMap,
  lruPerCpuHashMap,
  perCpuArrayMap,
  perCpuHashMap,
  queueMap,
  ringBuffer,
  stackMap,
  userRingBuffer,
} from './data-maps.ts';
import { isMapSpec, type MapSpec } from './map.ts';
import { MapFlag, type MapType, mapTypes } from './map-types.ts';
import {
  CpuTarget,
  cgroupArray,
  cgroupStorage,
  cpuMap,
  DeviceTarget,
  deviceHashMap,
  deviceMap,
  inodeStorage,
  perfEventArray,
  programArray,
  reuseportSockArray,
  socketStorage,
  sockHash,
  sockMap,
  stackTraceMap,
  taskStorage,
  xskMap,
} from './object-maps.ts';
import { be16, be32, i32, u8, u16, u32, u64 } from './scalar.ts';
import { struct } from './struct.ts';
import { bytes, type Infer } from './types.ts';

const Key = struct('key', { address: be32, port: be16, protocol: u8 });
const Value = struct('value', { packets: u64 });
const Prefix = struct('prefix', { prefixLength: u32, address: be32 });
const inner = hashMap({ key: u32, value: Value, maxEntries: 8 });
const all = [
  inner,
  arrayMap({ value: Value, maxEntries: 8 }),
  programArray({ maxEntries: 8 }),
  perfEventArray({ maxEntries: 8 }),
  perCpuHashMap({ key: Key, value: Value, maxEntries: 8 }),
  perCpuArrayMap({ value: Value, maxEntries: 8 }),
  stackTraceMap({ maxEntries: 8 }),
  cgroupArray({ maxEntries: 8 }),
  lruHashMap({ key: Key, value: Value, maxEntries: 8 }),
  lruPerCpuHashMap({ key: Key, value: Value, maxEntries: 8 }),
  lpmTrie({ key: Prefix, value: Value, maxEntries: 8 }),
  arrayOfMaps({ inner, maxEntries: 8 }),
  hashOfMaps({ key: Key, inner, maxEntries: 8 }),
  deviceMap({ maxEntries: 8 }),
  sockMap({ maxEntries: 8 }),
  cpuMap({ maxEntries: 8 }),
  xskMap({ maxEntries: 8 }),
  sockHash({ key: Key, maxEntries: 8 }),
  reuseportSockArray({ maxEntries: 8 }),
  queueMap({ value: Value, maxEntries: 8 }),
  stackMap({ value: Value, maxEntries: 8 }),
  socketStorage({ value: Value }),
  deviceHashMap({ maxEntries: 8 }),
  ringBuffer({ bytes: 4096 }),
  inodeStorage({ value: Value }),
  taskStorage({ value: Value }),
  bloomFilter({ value: Value, maxEntries: 8 }),
  userRingBuffer({ bytes: 4096 }),
  cgroupStorage({ value: Value }),
] satisfies MapSpec[];

test('every map type of the table has a constructor, which follows the table', () => {
  assert.deepEqual(new Set(all.map((spec) => spec.type)), new Set(Object.keys(mapTypes)));
  for (const spec of all) {
    const info = mapTypes[spec.type];
    assert.ok(isMapSpec(spec) && Object.isFrozen(spec), spec.type);
    assert.equal(spec.flags, info.requiredFlags, spec.type);
    assert.equal(spec.key === undefined, info.key === 'none', spec.type);
    assert.equal(spec.value === undefined, info.value === 'none', spec.type);
    if (info.key === 'index') assert.equal(spec.key, u32, spec.type);
    if (info.key === 'descriptor') assert.deepEqual([spec.key, spec.maxEntries], [i32, 0], spec.type);
  }
});

test('a declaration is plain data', () => {
  assert.deepEqual(hashMap({ key: Key, value: u32, maxEntries: 10, name: 'services' }), {
    kind: 'map',
    type: 'hash',
    name: 'services',
    key: Key,
    value: u32,
    maxEntries: 10,
    flags: 0,
  });
  assert.deepEqual(ringBuffer({ bytes: 8192, record: Key }), {
    kind: 'map',
    type: 'ringBuffer',
    maxEntries: 8192,
    flags: 0,
    record: Key,
  });
  assert.equal(arrayOfMaps({ inner, maxEntries: 4 }).inner, inner);
});

test('options become flags', () => {
  const sizes = { key: u32, value: u32, maxEntries: 1 };
  assert.equal(hashMap({ ...sizes, preallocate: false }).flags, MapFlag.NoPreallocate);
  assert.equal(hashMap({ ...sizes, preallocate: true }).flags, 0);
  assert.equal(hashMap({ ...sizes, readOnlyProgram: true }).flags, MapFlag.ReadOnlyProgram);
  assert.equal(hashMap({ ...sizes, writeOnlyProgram: true }).flags, MapFlag.WriteOnlyProgram);
  assert.equal(lruHashMap({ ...sizes, noCommonLru: true }).flags, MapFlag.NoCommonLru);
  assert.equal(lpmTrie({ ...sizes, key: Prefix }).flags, MapFlag.NoPreallocate);
  assert.equal(arrayMap({ value: u32, maxEntries: 1, mmapable: true }).flags, MapFlag.Mmapable);
  assert.equal(arrayMap({ value: u32, maxEntries: 1, innerMap: true }).flags, MapFlag.InnerMap);
  assert.equal(perfEventArray({ maxEntries: 1, preserveElements: true }).flags, MapFlag.PreserveElements);
  const onNode = arrayMap({ value: u32, maxEntries: 1, numaNode: 0 });
  assert.deepEqual([onNode.flags, onNode.numaNode], [MapFlag.NumaNode, 0]);
  assert.deepEqual(MapFlag, {
    NoPreallocate: 1,
    NoCommonLru: 2,
    NumaNode: 4,
    ReadOnlyProgram: 128,
    WriteOnlyProgram: 256,
    Mmapable: 1024,
    PreserveElements: 2048,
    InnerMap: 4096,
  });
});

test('values that the kernel defines', () => {
  assert.equal(stackTraceMap({ maxEntries: 1, depth: 10 }).value?.size, 80);
  assert.equal(sockMap({ maxEntries: 1 }).value, u64);
  assert.equal(deviceMap({ maxEntries: 1 }).value, u32);
  assert.equal(deviceMap({ maxEntries: 1, value: DeviceTarget }).value, DeviceTarget);
  assert.equal(cpuMap({ maxEntries: 1, value: CpuTarget }).value?.size, 8);
  assert.equal(bloomFilter({ value: u32, maxEntries: 1, hashes: 3 }).extra, 3);
});

test('keys and values have limits', () => {
  hashMap({ key: bytes(512), value: u8, maxEntries: 1 });
  perCpuArrayMap({ value: bytes(32_768), maxEntries: 1 });
  lpmTrie({ key: struct('p', { prefixLength: u32, data: bytes(256) }), value: u8, maxEntries: 1 });
  const refused: [() => unknown, string][] = [
    [
      () => hashMap({ key: bytes(513), value: u8, maxEntries: 1 }),
      'hash: the key bytes(513) has 513 bytes, but keys have 512 at most',
    ],
    [
      () => perCpuHashMap({ key: u32, value: bytes(32_769), maxEntries: 1 }),
      'perCpuHash: the value bytes(32769) has 32769 bytes, but per-CPU values have 32768 at most',
    ],
    [
      () => lpmTrie({ key: struct('p', { prefixLength: u32, data: bytes(260) }), value: u8, maxEntries: 1 }),
      'lpmTrie: the key p has 260 bytes after the prefix length, but 1 to 256 are possible',
    ],
    [
      () => lpmTrie({ key: struct('p', { prefixLength: u32 }), value: u8, maxEntries: 1 }),
      'lpmTrie: the key p has 0 bytes after the prefix length, but 1 to 256 are possible',
    ],
    [
      () => lpmTrie({ key: struct('p', { address: be32, prefixLength: u32 }), value: u8, maxEntries: 1 }),
      'lpmTrie: the key p has no prefix length. Use a struct whose first field is prefixLength: u32',
    ],
    [
      () =>
        lpmTrie({
          key: struct('p', { prefixLength: be32, address: be32 }) as never,
          value: u8,
          maxEntries: 1,
        }),
      'lpmTrie: the key p has no prefix length. Use a struct whose first field is prefixLength: u32',
    ],
    [
      () => stackTraceMap({ maxEntries: 1, depth: 128 }),
      'stackTrace needs depth to be an integer from 1 to 127, got 128',
    ],
    [
      () => bloomFilter({ value: u8, maxEntries: 1, hashes: 16 }),
      'bloomFilter needs hashes to be an integer from 1 to 15, got 16',
    ],
  ];
  for (const [declare, message] of refused) assert.throws(declare, { code: 'BAD_DECLARATION', message });
});

test('a ring buffer has a size that the kernel takes, and otherwise says which', () => {
  for (const bytes of [4096, 65_536, 2 ** 31]) assert.equal(ringBuffer({ bytes }).maxEntries, bytes);
  const refused: [number, string][] = [
    [5000, '4096 or 8192'],
    [1 << 11, '4096'],
    [1, '4096'],
    [100_000, '65536 or 131072'],
  ];
  for (const [bytes, sizes] of refused) {
    assert.throws(() => ringBuffer({ bytes }), {
      code: 'BAD_DECLARATION',
      message: `ringBuffer cannot have ${bytes} bytes. The size is a power of two and at least 4096: use ${sizes}`,
    });
  }
  for (const bytes of [0, -1, 1.5, Number.NaN, 2 ** 32]) {
    assert.throws(() => userRingBuffer({ bytes }), {
      code: 'BAD_DECLARATION',
      message: `userRingBuffer needs bytes to be an integer from 1 to 2147483648, got ${bytes}`,
    });
  }
});

test('options that cannot be', () => {
  const sizes = { key: u32, value: u32, maxEntries: 1 };
  const refused: [() => unknown, string][] = [
    [
      () => hashMap({ ...sizes, maxEntries: 0 }),
      'hash needs maxEntries to be an integer from 1 to 4294967295, got 0',
    ],
    [
      () => hashMap({ ...sizes, maxEntries: 1.5 }),
      'hash needs maxEntries to be an integer from 1 to 4294967295, got 1.5',
    ],
    [
      () => hashMap({ ...sizes, maxEntries: 2 ** 32 }),
      'hash needs maxEntries to be an integer from 1 to 4294967295, got 4294967296',
    ],
    [
      () => hashMap({ ...sizes, name: 'a_name_that_is_long' }),
      'hash cannot be called "a_name_that_is_long": the kernel keeps 15 characters of a name. Use a shorter one, such as "a_name_that_is_"',
    ],
    [
      () => hashMap({ ...sizes, name: 'a-b' }),
      'hash cannot be called "a-b". Names in the kernel have letters, digits, _ and . only',
    ],
    [
      () => hashMap({ ...sizes, name: '' }),
      'hash cannot be called "". Names in the kernel have letters, digits, _ and . only',
    ],
    [
      () => hashMap({ ...sizes, numaNode: -1 }),
      'hash needs numaNode to be an integer from 0 to 4294967295, got -1',
    ],
    [
      () => hashMap({ ...sizes, readOnlyProgram: true, writeOnlyProgram: true }),
      'hash cannot be both readOnlyProgram and writeOnlyProgram',
    ],
    // @ts-expect-error an option that is misspelt
    [() => hashMap({ ...sizes, maxEntrys: 3 }), 'hash has no option "maxEntrys". Did you mean "maxEntries"?'],
    [
      // @ts-expect-error an option of other map types
      () => hashMap({ ...sizes, mmapable: true }),
      'hash has no option "mmapable". Its options are name, key, value, maxEntries, readOnlyProgram, writeOnlyProgram, preallocate, numaNode',
    ],
    // @ts-expect-error an option of another type
    [() => hashMap({ ...sizes, preallocate: 0 }), 'hash needs preallocate to be true or false, got 0'],
    [
      // @ts-expect-error a key that is no type
      () => hashMap({ ...sizes, key: 4 }),
      'hash needs a type as its key, got 4. Use a struct, a scalar such as u32, bytes() or array()',
    ],
    // @ts-expect-error no options at all
    [() => hashMap(), 'hash needs an object of options, got undefined'],
    [
      () => deviceMap({ maxEntries: 1, value: u16 }),
      'deviceMap cannot have values of type u16. Use u32 or DeviceTarget',
    ],
    [
      // @ts-expect-error the target of another map type
      () => cpuMap({ maxEntries: 1, value: DeviceTarget }),
      'cpuMap cannot have values of type bpf_devmap_val. Use u32 or CpuTarget',
    ],
    [
      () => arrayOfMaps({ inner: arrayOfMaps({ inner, maxEntries: 1 }), maxEntries: 1 }),
      'arrayOfMaps cannot hold a map of type arrayOfMaps',
    ],
    [
      () => hashOfMaps({ key: u32, inner: programArray({ maxEntries: 1 }), maxEntries: 1 }),
      'hashOfMaps cannot hold a map of type programArray',
    ],
    [
      // @ts-expect-error a type is no map
      () => arrayOfMaps({ inner: u32, maxEntries: 1 }),
      'arrayOfMaps needs a map as its inner map, got a function',
    ],
    // @ts-expect-error a number is no type
    [() => ringBuffer({ bytes: 4096, record: 5 }), 'ringBuffer needs a type as its record, got 5'],
  ];
  for (const [declare, message] of refused) assert.throws(declare, { code: 'BAD_DECLARATION', message });
});

test('tsc knows keys and values', () => {
  type KeyOf<Spec> = Spec extends MapSpec<infer K, unknown, MapType> ? K : never;
  type ValueOf<Spec> = Spec extends MapSpec<unknown, infer V, MapType> ? V : never;
  const services = hashMap({ key: Key, value: Value, maxEntries: 1 });
  const key: KeyOf<typeof services> = { address: 1, port: 80, protocol: 6 };
  const value: ValueOf<typeof services> = { packets: 1n };
  // @ts-expect-error a field is missing
  const wrong: KeyOf<typeof services> = { address: 1 };
  const index: KeyOf<ReturnType<typeof sockMap>> = 3;
  // @ts-expect-error a queue has no keys
  const none: KeyOf<ReturnType<typeof queueMap<Infer<typeof Value>>>> = 3;
  // @ts-expect-error a hash map is no array
  const array: MapSpec<u32, Infer<typeof Value>, 'array'> = inner;
  assert.deepEqual(
    [key.port, value.packets, wrong.address, index, none, array.type],
    [80, 1n, 1, 3, 3, 'hash'],
  );
});
