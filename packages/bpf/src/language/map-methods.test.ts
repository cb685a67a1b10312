import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrayOfMaps, hashMap, queueMap, ringBuffer } from '../data-maps.ts';
import { mapTypes } from '../map-types.ts';
import { deviceMap } from '../object-maps.ts';
import { u32, u64 } from '../scalar.ts';
import { struct } from '../struct.ts';
import { mapMethods } from './map-methods.ts';
import { atomic, zeroed } from './memory.ts';

const Value = struct('value', { packets: u64, bytes: u32 });
const table = hashMap({ name: 'services', key: u32, value: Value, maxEntries: 1 });

test('every map type says what programs do with it', () => {
  assert.deepEqual(Object.keys(mapMethods).sort(), Object.keys(mapTypes).sort());
});

test('methods throw in user space, and say what to do instead', () => {
  assert.throws(() => table.lookup(1), {
    code: 'INVALID',
    message: 'services.lookup() is for programs. In user space open the map with createMap of @waggle/kernel',
  });
  assert.throws(() => queueMap({ value: u32, maxEntries: 1 }).pop(), { message: /^queue\.pop\(\) is/ });
  assert.throws(() => deviceMap({ maxEntries: 1 }).redirect(1), { code: 'INVALID' });
  assert.throws(() => zeroed(Value), { code: 'INVALID' });
  assert.throws(() => atomic.add({ packets: 1n }, 'packets', 1n), { message: /^atomic\.add\(\) is for/ });
});

test('a declaration still is plain data', () => {
  assert.deepEqual(Object.keys(table), ['kind', 'type', 'name', 'key', 'value', 'maxEntries', 'flags']);
  assert.equal(JSON.stringify(table).includes('lookup'), false);
});

test('tsc knows what a map can do', () => {
  const unused = (): void => {
    const found = table.lookup(1);
    // @ts-expect-error it may be null
    found.packets += 1n;
    if (found) found.packets += 1n;
    // @ts-expect-error packets are bigints
    if (found) found.packets += 1;
    // @ts-expect-error a field is missing
    table.update(1, { packets: 1n });
    // @ts-expect-error a queue has no keys
    queueMap({ value: u32, maxEntries: 1 }).lookup(1);
    const inner = arrayOfMaps({ inner: table, maxEntries: 1 }).lookup(0);
    inner?.lookup(1)?.bytes.toFixed();
    const record = ringBuffer({ bytes: 4096, record: Value }).reserve();
    if (record) record.bytes = 5;
    // @ts-expect-error there is no such field
    atomic.add(table, 'bytes', 1);
    if (found) atomic.exchange(found, 'bytes', 5);
  };
  assert.equal(typeof unused, 'function');
});
