import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { struct, u32, u64, WaggleError } from '@waggle/bpf';
import { Attribute } from './bpf.ts';
import { Descriptor } from './descriptor.ts';
import { NativeBuffer } from './memory.ts';

test('a buffer has an address of its own, also when it is empty', () => {
  const [one, two, empty] = [
    new NativeBuffer(16),
    NativeBuffer.from(Uint8Array.of(1, 2)),
    new NativeBuffer(0),
  ];
  assert.ok(one.address > 0 && empty.address > 0);
  assert.notEqual(one.address, two.address);
  assert.deepEqual([...two.bytes], [1, 2]);
  assert.equal(empty.size, 0);
});

test('text is a C string', () => {
  assert.deepEqual([...NativeBuffer.text('bé').bytes], [0x62, 0xc3, 0xa9, 0]);
  assert.throws(() => NativeBuffer.text('a\0b'), /cannot be a C string: it contains NUL/);
});

test('attributes hold numbers, texts and addresses', () => {
  const inner = NativeBuffer.from(Uint8Array.of(7));
  const attribute = new Attribute(struct('x', { fd: u32, flags: u64, pointer: u64 }), {
    fd: -1,
    flags: 2n ** 63n,
    pointer: inner,
  });
  const { view } = attribute.memory;
  assert.equal(attribute.get('fd'), 0xffff_ffff);
  assert.equal(view.getBigUint64(8, true), 2n ** 63n);
  assert.equal(view.getBigUint64(16, true), BigInt(inner.address));
  // @ts-expect-error no such field
  const misspelt = () => attribute.set('nothing', 1);
  assert.throws(misspelt, (error: unknown) => error instanceof WaggleError && error.code === 'UNKNOWN_FIELD');
});

test('what an attribute points to stays in memory as long as the attribute', async () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const collected: string[] = [];
  const registry = new FinalizationRegistry((name: string) => collected.push(name));
  const pointTo = (name: string) => {
    const buffer = new NativeBuffer(64);
    registry.register(buffer, name);
    return new Attribute(struct('y', { pointer: u64 }), { pointer: buffer });
  };
  const kept = pointTo('kept');
  pointTo('dropped');
  for (let round = 0; round < 50 && collected.length === 0; round++) {
    collect();
    await new Promise(setImmediate);
  }
  assert.deepEqual(collected, ['dropped']);
  assert.ok(kept.memory.address > 0);
});

test('a descriptor is closed once and says so', () => {
  const descriptor = new Descriptor(-1, 'map "x"');
  assert.equal(descriptor.closed, true);
  assert.throws(() => descriptor.fd, /map "x" is closed/);
  descriptor.close();
});
