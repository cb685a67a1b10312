import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { codecOf } from './codec.ts';
import { arrayMap, hashMap, lruHashMap, perCpuArrayMap, queueMap } from './data-maps.ts';
import { WaggleError } from './errors.ts';
import { spinLock, timer } from './kernel-memory.ts';
import { u8, u32, u64 } from './scalar.ts';
import { struct } from './struct.ts';
import { array, type Infer } from './types.ts';

const Session = struct('session', { state: u8, lock: spinLock, count: u64, expiry: timer, last: u32 });

const refusal = (body: () => unknown, message: RegExp): void => {
  assert.throws(
    body,
    (error) =>
      error instanceof WaggleError && error.code === 'BAD_DECLARATION' && message.test(error.message),
  );
};

describe('fields of the kernel', () => {
  test('have their place, and no value', () => {
    assert.deepEqual(
      [...Session.fields, ...Session.kernelFields].map(({ name, offset }) => [name, offset]),
      [
        ['state', 0],
        ['count', 8],
        ['last', 32],
        ['lock', 4],
        ['expiry', 16],
      ],
    );
    assert.equal(Session.size, 40);
    const value: Infer<typeof Session> = { state: 1, count: 2n, last: 3 };
    const codec = codecOf(Session);
    const bytes = codec.encode(value);
    assert.deepEqual([...bytes.subarray(4, 8), ...bytes.subarray(16, 32)], new Array(20).fill(0));
    // What the kernel has put there is not part of what is read.
    bytes.fill(0xff, 4, 8).fill(0xff, 16, 32);
    assert.deepEqual(codec.decode(bytes), value);
    // @ts-expect-error there is no such field
    assert.throws(() => codec.encode({ ...value, lock: 0 }), /no field "lock"/);
  });

  test('stand once and directly in the value of a map', () => {
    refusal(() => struct('two', { a: spinLock, b: spinLock }), /more than one bpf_spin_lock: b/);
    refusal(() => struct('crooked', { a: u8, b: spinLock }, { packed: true }), /multiple of 4/);
    refusal(() => struct('outer', { inner: Session }), /outer.inner cannot hold/);
    refusal(() => struct('outer', { inner: array(array(Session, 2), 2) }), /outer.inner cannot hold/);
    refusal(() => arrayMap({ value: array(Session, 2), maxEntries: 1 }), /cannot hold/);
    refusal(() => hashMap({ key: Session, value: u32, maxEntries: 1 }), /The key of a hash/);
  });

  test('are for maps in which the kernel finds them', () => {
    const Locked = struct('locked', { lock: spinLock, value: u32 });
    const Timed = struct('timed', { expiry: timer, value: u32 });
    assert.ok(hashMap({ key: u32, value: Session, maxEntries: 1 }));
    assert.ok(lruHashMap({ key: u32, value: Timed, maxEntries: 1 }));
    refusal(() => lruHashMap({ key: u32, value: Locked, maxEntries: 1 }), /such a map cannot have/);
    refusal(() => perCpuArrayMap({ value: Timed, maxEntries: 1 }), /such a map cannot have/);
    refusal(() => queueMap({ value: Locked, maxEntries: 1 }), /such a map cannot have/);
    refusal(() => arrayMap({ value: Locked, maxEntries: 1, mmapable: true }), /mmapable/);
  });
});
