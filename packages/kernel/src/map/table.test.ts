import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  arrayMap,
  arrayOfMaps,
  be16,
  be32,
  bloomFilter,
  bytes,
  cgroupArray,
  hashMap,
  hashOfMaps,
  lpmTrie,
  lruHashMap,
  lruPerCpuHashMap,
  perCpuArrayMap,
  perCpuHashMap,
  queueMap,
  stackMap,
  struct,
  u8,
  u32,
  u64,
  WaggleError,
} from '@waggle/bpf';
import { KernelError } from '../errors.ts';
import { needsRoot, withBpffs, withCgroup } from '../testing/lab.ts';
import { createMap, openMap } from './create.ts';
import { countCpus, possibleCpus } from './element.ts';
import { KernelMap } from './map.ts';
import { MappedArray } from './mapped-array.ts';

const Key = struct('service_key', { address: be32, port: be16, protocol: u8 });
const Value = struct('service', { count: u32, bytes: u64 });
const services = hashMap({ name: 'services', key: Key, value: Value, maxEntries: 64 });
const key = (port: number) => ({ address: 0x0a00_0001, port, protocol: 6 });

/** A matcher for `assert.throws` that compares code and message of a waggle error. */
const failsWith = (code: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof WaggleError, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, message);
  return true;
};

test('a hash map behaves like a Map', { skip: needsRoot }, () => {
  using map = createMap(services);
  assert.equal(map.get(key(80)), undefined);
  map.set(key(80), { count: 1, bytes: 2n ** 63n });
  assert.deepEqual(map.get(key(80)), { count: 1, bytes: 2n ** 63n });
  assert.equal(map.has(key(80)), true);
  assert.equal(map.delete(key(80)), true);
  assert.equal(map.delete(key(80)), false);
  assert.equal(map.has(key(80)), false);
});

test('an entry is set on another thread, or not', { skip: needsRoot }, async () => {
  const inner = hashMap({ name: 'inner', key: u32, value: u32, maxEntries: 4 });
  using byName = createMap(hashOfMaps({ key: u64, inner, maxEntries: 2 }), { name: 'by_name' });
  using first = createMap(inner);
  using second = createMap(inner);
  assert.equal(await byName.setAside(1n, first, 'create'), true);
  assert.equal(byName.get(1n), first.info().id);
  assert.equal(await byName.setAside(1n, second, 'create'), false, 'it is there');
  assert.equal(byName.get(1n), first.info().id);
  const both = [byName.setAside(1n, second), byName.setAside(2n, first)];
  assert.deepEqual(await Promise.all(both), [true, true]);
  assert.deepEqual([byName.get(1n), byName.get(2n)], [second.info().id, first.info().id]);
  assert.equal(await byName.setAside(3n, first), false, 'there is no room');
});

test('many entries go in and out as bytes', { skip: needsRoot }, () => {
  const Prefix = struct('prefix', { prefixLength: u32, address: be32 });
  for (const spec of [
    hashMap({ key: u64, value: u32, maxEntries: 10_000 }),
    lpmTrie({ key: Prefix, value: u32, maxEntries: 10_000 }),
    lruHashMap({ key: u64, value: u32, maxEntries: 10_000 }),
  ]) {
    using created = createMap(spec);
    using map = openMap({ id: created.info().id });
    const count = 5000;
    const [keys, values] = [Buffer.alloc(count * 8), Buffer.alloc(count * 4)];
    for (let index = 0; index < count; index++) {
      keys.writeUInt32LE(32, index * 8);
      keys.writeUInt32BE(index, index * 8 + 4);
      values.writeUInt32LE(index * 7, index * 4);
    }
    map.setPacked({ keys, values });
    const read = map.readPacked();
    assert.equal(read.keys.length, keys.length);
    const found = new Map<string, number>();
    const view = new DataView(read.values.buffer, read.values.byteOffset);
    for (let index = 0; index < count; index++) {
      found.set(
        Buffer.from(read.keys.subarray(index * 8, index * 8 + 8)).toString('hex'),
        view.getUint32(index * 4, true),
      );
    }
    for (let index = 0; index < count; index++) {
      assert.equal(found.get(keys.toString('hex', index * 8, index * 8 + 8)), index * 7);
    }
    // One that is not there is passed over, wherever it stands.
    const absent = Buffer.from('2000000000ffffff', 'hex');
    map.deletePacked(Buffer.concat([keys.subarray(0, 80), absent, keys.subarray(80)]));
    assert.equal(map.readPacked().keys.length, 0);
    assert.throws(() => map.setPacked({ keys, values: values.subarray(4) }), { code: 'WRONG_SIZE' });
    assert.throws(() => map.deletePacked(keys.subarray(1)), {
      code: 'WRONG_SIZE',
      message: /no whole number of keys/,
    });
  }
});

test('update modes create and replace', { skip: needsRoot }, () => {
  using map = createMap(services);
  assert.throws(
    () => map.set(key(1), { count: 1, bytes: 0n }, 'replace'),
    failsWith('NOT_FOUND', /set in map "services": ENOENT/),
  );
  map.set(key(1), { count: 1, bytes: 0n }, 'create');
  assert.throws(() => map.set(key(1), { count: 2, bytes: 0n }, 'create'), failsWith('EXISTS', /EEXIST/));
  map.set(key(1), { count: 3, bytes: 0n });
  assert.equal(map.get(key(1))?.count, 3);
});

test('take returns an entry and removes it', { skip: needsRoot }, () => {
  using map = createMap(services);
  map.set(key(1), { count: 7, bytes: 0n });
  assert.equal(map.take(key(1))?.count, 7);
  assert.equal(map.take(key(1)), undefined);
});

test('whole maps are read, filled, drained and cleared in batches', { skip: needsRoot }, () => {
  const spec = hashMap({ key: u32, value: u64, maxEntries: 20_000 });
  using map = createMap(spec, { name: 'many' });
  const wanted = new Map(Array.from({ length: 15_000 }, (_, index) => [index, BigInt(index) * 3n]));
  map.setAll(wanted);
  assert.deepEqual(new Map(map), wanted);
  assert.equal([...map.keys()].length, 15_000);
  map.deleteAll([1, 2, 3, 99_999]);
  assert.equal([...map.values()].length, 14_997);
  assert.equal([...map.drain()].length, 14_997);
  assert.deepEqual([...map], []);
  map.set(1, 1n);
  map.clear();
  assert.deepEqual([...map], []);
});

test('a batch that does not fit says how far it came', { skip: needsRoot }, () => {
  using map = createMap(hashMap({ name: 'small', key: u32, value: u32, maxEntries: 4 }));
  const entries = Array.from({ length: 10 }, (_, index) => [index, index] as const);
  assert.throws(
    () => map.setAll(entries),
    failsWith('FULL', /set 10 entries in map "small": E2BIG .*after 4 of them: the map is full/),
  );
  assert.equal([...map].length, 4);
  assert.throws(() => map.set(99, 1), failsWith('FULL', /room for 4 entries/));
});

test('an array map has all its indexes and deletes none', { skip: needsRoot }, () => {
  using map = createMap(arrayMap({ name: 'slots', value: u32, maxEntries: 3 }));
  map.set(2, 7);
  assert.deepEqual(
    [...map],
    [
      [0, 0],
      [1, 0],
      [2, 7],
    ],
  );
  assert.equal(map.get(3), undefined);
  assert.throws(() => map.delete(0), failsWith('INVALID', /delete from map "slots": EINVAL/));
});

for (const declare of [perCpuHashMap, lruPerCpuHashMap]) {
  test(`per-CPU values are arrays: ${declare.name}`, { skip: needsRoot }, () => {
    using map = createMap(declare({ key: u32, value: Value, maxEntries: 16 }));
    const values = Array.from({ length: possibleCpus() }, (_, cpu) => ({ count: cpu, bytes: BigInt(cpu) }));
    map.set(5, values);
    assert.deepEqual(map.get(5), values);
    assert.deepEqual([...map], [[5, values]]);
    assert.throws(() => map.set(5, values.slice(1)), failsWith('WRONG_SIZE', /one for each CPU/));
  });
}

test('per-CPU arrays round small values up to slots', { skip: needsRoot }, () => {
  using map = createMap(perCpuArrayMap({ value: u8, maxEntries: 2 }));
  const values = Array.from({ length: possibleCpus() }, (_, cpu) => cpu + 1);
  map.set(1, values);
  assert.deepEqual(map.get(1), values);
});

test('an LRU map forgets instead of being full', { skip: needsRoot }, () => {
  using map = createMap(lruHashMap({ key: u32, value: u32, maxEntries: 256 }));
  for (let index = 0; index < 2000; index++) map.set(index, index);
  const left = [...map].length;
  assert.ok(left > 0 && left <= 256, `${left} entries`);
  assert.equal(map.get(1999), 1999);
});

test('an LPM trie finds the longest prefix', { skip: needsRoot }, () => {
  const Prefix = struct('prefix', { prefixLength: u32, address: be32 });
  using map = createMap(lpmTrie({ key: Prefix, value: u32, maxEntries: 16 }));
  map.set({ prefixLength: 8, address: 0x0a00_0000 }, 8);
  map.set({ prefixLength: 24, address: 0x0a01_0200 }, 24);
  assert.equal(map.get({ prefixLength: 32, address: 0x0a01_0203 }), 24);
  assert.equal(map.get({ prefixLength: 32, address: 0x0aff_0000 }), 8);
  assert.equal(map.get({ prefixLength: 32, address: 0x0b00_0000 }), undefined);
  assert.equal([...map].length, 2);
});

test('queues and stacks keep their order', { skip: needsRoot }, () => {
  using queue = createMap(queueMap({ name: 'queue', value: u32, maxEntries: 2 }));
  using stack = createMap(stackMap({ name: 'stack', value: u32, maxEntries: 2 }));
  for (const map of [queue, stack]) {
    assert.equal(map.pop(), undefined);
    map.push(1);
    map.push(2);
    assert.throws(() => map.push(3), failsWith('FULL', /push to map/));
  }
  assert.deepEqual([queue.peek(), queue.pop(), queue.pop()], [1, 1, 2]);
  assert.deepEqual([stack.peek(), stack.pop(), stack.pop()], [2, 2, 1]);
});

test('a bloom filter never denies what it has', { skip: needsRoot }, () => {
  using map = createMap(bloomFilter({ value: bytes(16), maxEntries: 1000 }));
  const value = (index: number) => new Uint8Array(16).fill(index);
  for (let index = 0; index < 100; index++) map.add(value(index));
  for (let index = 0; index < 100; index++) assert.equal(map.mayHave(value(index)), true);
  let hits = 0;
  for (let index = 100; index < 250; index++) if (map.mayHave(value(index))) hits++;
  assert.ok(hits < 20, `${hits} of 150 values are taken for known`);
});

test('maps of maps take maps and answer with ids', { skip: needsRoot }, () => {
  const inner = hashMap({ key: u32, value: u32, maxEntries: 8 });
  using first = createMap(inner, { name: 'first' });
  using outer = createMap(arrayOfMaps({ inner, maxEntries: 2 }), { name: 'outer' });
  using byName = createMap(hashOfMaps({ key: u64, inner, maxEntries: 2 }), { name: 'by_name' });
  outer.set(0, first);
  byName.set(9n, first);
  assert.equal(outer.get(0), first.info().id);
  assert.equal(byName.get(9n), first.info().id);
  assert.equal(outer.get(1), undefined);
  using wrong = createMap(hashMap({ key: u32, value: u64, maxEntries: 8 }), { name: 'wrong' });
  assert.throws(() => outer.set(1, wrong), failsWith('INVALID', /set in map "outer"/));
});

test('a cgroup array takes control groups', { skip: needsRoot }, async () => {
  await withCgroup((cgroup) => {
    using map = createMap(cgroupArray({ maxEntries: 1 }), { name: 'groups' });
    map.set(0, cgroup);
  });
});

test('a memory-mapped array is the map', { skip: needsRoot }, () => {
  const spec = arrayMap({ name: 'mapped', value: Value, maxEntries: 300, mmapable: true });
  using map = createMap(spec);
  const memory = new MappedArray(map, spec);
  memory.set(299, { count: 5, bytes: 6n });
  assert.deepEqual(map.get(299), { count: 5, bytes: 6n });
  map.set(0, { count: 1, bytes: 1n });
  assert.deepEqual(memory.get(0), { count: 1, bytes: 1n });
  assert.throws(() => memory.get(300), failsWith('OUT_OF_RANGE', /no index 300 \(0 … 299\)/));
  const two = memory.readPacked(298, 2);
  assert.equal(two.length, 32);
  memory.writePacked(0, two);
  assert.deepEqual(map.get(1), { count: 5, bytes: 6n });
  assert.throws(
    () => memory.writePacked(299, two),
    failsWith('OUT_OF_RANGE', /"mapped" has 16 bytes, not 32/),
  );
  assert.throws(() => memory.readPacked(-1, 1), failsWith('OUT_OF_RANGE', /no index -1/));
  assert.throws(() => memory.get(-1), failsWith('OUT_OF_RANGE', /no index -1/));
  memory.close();
  memory.close();
  assert.throws(() => memory.get(0), failsWith('CLOSED', /memory of map "mapped" is closed/));
  const plainSpec = arrayMap({ value: u32, maxEntries: 1 });
  using unmappable = createMap(plainSpec);
  assert.throws(() => new MappedArray(unmappable, plainSpec), KernelError);
});

test('pins are found, checked against the declaration, and removed', { skip: needsRoot }, async () => {
  await withBpffs((path) => {
    using map = createMap(services);
    map.set(key(80), { count: 1, bytes: 2n });
    map.pin(`${path}/services`);
    assert.throws(
      () => map.pin(`${path}/services`),
      failsWith('EXISTS', /pin to .*services the map "services"/),
    );
    assert.throws(() => map.pin(`${path}/none/x`), failsWith('NOT_FOUND', /There is no directory/));
    assert.throws(
      () => map.pin('/tmp/not-bpffs'),
      failsWith('INVALID', /is in no bpf file system; mount one there/),
    );

    using same = openMap({ pin: `${path}/services` }, services);
    assert.deepEqual(same.get(key(80)), { count: 1, bytes: 2n });
    using raw = openMap({ id: map.info().id });
    assert.equal([...raw].length, 1);
    assert.throws(() => raw.get(new Uint8Array(3)), failsWith('WRONG_SIZE', /8.*3|3.*8/));

    const wider = hashMap({ key: Key, value: array64(), maxEntries: 64 });
    assert.throws(
      () => openMap({ pin: `${path}/services` }, wider),
      failsWith('WRONG_SIZE', /values of 16 bytes, the declaration says .* of 24 bytes/),
    );
    const other = lruHashMap({ key: Key, value: Value, maxEntries: 64 });
    assert.throws(
      () => openMap({ pin: `${path}/services` }, other),
      failsWith('WRONG_TYPE', /is a BPF_MAP_TYPE_HASH/),
    );
    assert.throws(
      () => openMap({ pin: `${path}/missing` }, services),
      failsWith('NOT_FOUND', /Nothing is pinned/),
    );
    assert.throws(() => openMap({ id: 0x7fff_fffe }), failsWith('NOT_FOUND', /open map 2147483646/));
  });
});

const array64 = () => struct('wide', { a: u64, b: u64, c: u64 });

test('a closed map says so', { skip: needsRoot }, () => {
  const map = createMap(services);
  map.close();
  map.close();
  for (const use of [
    () => map.get(key(1)),
    () => map.set(key(1), { count: 1, bytes: 1n }),
    () => map.delete(key(1)),
    () => [...map],
    () => map.setAll([[key(1), { count: 1, bytes: 1n }]]),
    () => map.info(),
    () => map.pin('/tmp/x'),
  ]) {
    assert.throws(use, failsWith('CLOSED', /map "services" is closed/));
  }
});

test('bad keys and values are refused before the kernel sees them', { skip: needsRoot }, () => {
  using map = createMap(services);
  const value = { count: 1, bytes: 1n };
  assert.throws(
    () => map.set(key(70_000), value),
    failsWith('OUT_OF_RANGE', /service_key\.port: 70000 does not fit be16/),
  );
  // @ts-expect-error a field that the struct does not have
  assert.throws(() => map.set({ ...key(1), adress: 1 }, value), failsWith('UNKNOWN_FIELD', /adress/));
  // @ts-expect-error a 64-bit field takes a bigint
  assert.throws(() => map.set(key(1), { count: 1, bytes: 5 }), failsWith('WRONG_TYPE', /5n/));
  assert.deepEqual([...map], []);
});

test('a frozen map is read only', { skip: needsRoot }, () => {
  using map = createMap(arrayMap({ name: 'frozen', value: u32, maxEntries: 1 }));
  map.freeze();
  assert.throws(() => map.set(0, 1), failsWith('DENIED', /frozen/));
  assert.equal(map.get(0), 0);
});

test('information and ids', { skip: needsRoot }, () => {
  using map = createMap(services);
  const info = map.info();
  assert.deepEqual(
    { ...info, id: 0, btfId: 0 },
    { id: 0, name: 'services', type: 1, keySize: 8, valueSize: 16, maxEntries: 64, flags: 0, btfId: 0 },
  );
  assert.ok(info.btfId > 0, 'has BTF');
  assert.ok(KernelMap.ids().includes(info.id));
});

test('too large a map is explained', { skip: needsRoot }, () => {
  const spec = hashMap({ name: 'huge', key: u32, value: bytes(65_536), maxEntries: 0xffff_ffff });
  assert.throws(() => createMap(spec), failsWith('FULL', /create map "huge": .*too much memory/));
});

test('lists of CPUs are counted', () => {
  assert.equal(countCpus('0'), 1);
  assert.equal(countCpus('0-3,8,10-11\n'), 7);
  assert.throws(() => countCpus('0-'), failsWith('MALFORMED', /no list of CPUs/));
});
