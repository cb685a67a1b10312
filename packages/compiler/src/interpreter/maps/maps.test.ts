import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  arrayMap,
  arrayOfMaps,
  bloomFilter,
  hashMap,
  hashOfMaps,
  lruHashMap,
  perCpuArrayMap,
  queueMap,
  stackTraceMap,
  struct,
  u32,
  u64,
  WaggleError,
} from '@waggle/bpf';
import { assembleText } from '../../backend/text-assembler.ts';
import { Machine } from '../machine.ts';
import { virtualMap } from './create.ts';

const counters = arrayMap({ value: u64, maxEntries: 4 });

const failsWith = (run: () => unknown, message: RegExp) =>
  assert.throws(run, (error: unknown) => error instanceof WaggleError && message.test(error.message));

/** Loads r2 with the address of a key on the stack. */
const key = (value: number) => `stw [r10-4], ${value}\nmov r2, r10\nadd r2, -4`;

test('the values of array maps can be addressed directly, one value at a time', () => {
  const code = (offset: number, size: string) =>
    assembleText(
      `r1 = map[counters][0]+${offset} ll\nlock add [r1], r10\nstx${size} [r1], r1\nmov r0, 0\nexit`,
    );
  const run = (offset: number, size: string) => new Machine({ code: code(offset, size), maps: { counters } });
  const machine = run(8, 'dw');
  machine.maps.counters.set(1, 5n);
  machine.run();
  assert.ok((machine.maps.counters.get(1) ?? 0n) > 5n);
  failsWith(
    () => run(4, 'dw').run(),
    /writes 8 bytes at offset 4 of a value of the map counters, which has 8 bytes/,
  );
  failsWith(() => run(32, 'dw').run(), /of the map counters/);
});

test('maps are typed by their declaration and shared by name', () => {
  const Flow = struct('flow', { source: u32, port: u32 });
  const shared = virtualMap(hashMap({ key: Flow, value: u64, maxEntries: 8 }), 'flows');
  shared.set({ source: 1, port: 80 }, 5n);
  const code = assembleText(`
    stw [r10-8], 1
    stw [r10-4], 80
    r1 = map[flows] ll
    mov r2, r10
    add r2, -8
    call map_lookup_elem
    jeq r0, 0, out
    ldxdw r0, [r0]
    out: exit`);
  assert.equal(new Machine({ code, maps: { flows: shared } }).run().value, 5n);
  assert.deepEqual([...shared], [[{ source: 1, port: 80 }, 5n]]);
  assert.equal(shared.delete({ source: 1, port: 80 }), true);
  assert.equal(new Machine({ code, maps: { flows: shared } }).run().value, 0n);
  failsWith(() => new Machine({ code }), /uses the map "flows", which was not given\. Pass it/);
  failsWith(() => virtualMap(stackTraceMap({ maxEntries: 8 })), /stackTrace .* exists only in the kernel/);
});

test('user space meets the same limits as in the kernel', () => {
  const hash = virtualMap(hashMap({ key: u32, value: u32, maxEntries: 1 }));
  hash.set(1, 1);
  const codes = (run: () => unknown, code: string) =>
    assert.throws(run, (error: unknown) => error instanceof WaggleError && error.code === code);
  codes(() => hash.set(2, 2), 'FULL');
  codes(() => hash.set(1, 2, 'create'), 'EXISTS');
  codes(() => hash.set(2, 2, 'replace'), 'NOT_FOUND');
  codes(() => virtualMap(counters).set(4, 0n), 'FULL');
  const cpus = virtualMap(perCpuArrayMap({ value: u64, maxEntries: 1 }));
  cpus.set(0, [7n]);
  assert.deepEqual(cpus.get(0), [7n]);
  codes(() => cpus.set(0, [7n, 8n]), 'WRONG_SIZE');
  const queue = virtualMap(queueMap({ value: u32, maxEntries: 2 }));
  queue.add(1);
  queue.add(2);
  codes(() => queue.add(3), 'FULL');
  assert.deepEqual([...queue], [1, 2]);
  assert.equal(queue.take(), 1);
});

test('an LRU table forgets what was not used for the longest time', () => {
  const recent = virtualMap(lruHashMap({ key: u32, value: u32, maxEntries: 2 }), 'recent');
  recent.set(1, 10);
  recent.set(2, 20);
  const code = assembleText(`r1 = map[recent] ll\n${key(1)}\ncall map_lookup_elem\nmov r0, 0\nexit`);
  new Machine({ code, maps: { recent } }).run();
  recent.set(3, 30);
  assert.deepEqual(
    [...recent].map(([each]) => each),
    [1, 3],
  );
});

test('maps of maps lead to the inner map', () => {
  const inner = hashMap({ key: u32, value: u64, maxEntries: 4 });
  const maps = {
    byIndex: arrayOfMaps({ inner, maxEntries: 2 }),
    byKey: hashOfMaps({ key: u32, inner, maxEntries: 1 }),
  };
  const code = (name: string) =>
    assembleText(`
      r1 = map[${name}] ll
      ${key(1)}
      call map_lookup_elem
      jeq r0, 0, out
      mov r1, r0
      ${key(7)}
      call map_lookup_elem
      jeq r0, 0, out
      ldxdw r0, [r0]
      out: exit`);
  const target = virtualMap(inner, 'inner');
  target.set(7, 99n);
  for (const name of ['byIndex', 'byKey'] as const) {
    const machine = new Machine({ code: code(name), maps });
    assert.equal(machine.run().value, 0n);
    machine.maps[name].set(1, target);
    assert.equal(machine.run().value, 99n);
    failsWith(
      () => machine.maps[name].set(1, virtualMap(counters, 'other')),
      /holds maps of type hash, not array/,
    );
  }
});

test('a filter knows what was added', () => {
  const seen = bloomFilter({ value: u32, maxEntries: 8 });
  const code = assembleText(`
    stw [r10-4], 7
    r1 = map[seen] ll
    mov r2, r10
    add r2, -4
    call map_peek_elem
    mov r6, r0
    r1 = map[seen] ll
    mov r2, r10
    add r2, -4
    mov r3, 0
    call map_push_elem
    r1 = map[seen] ll
    mov r2, r10
    add r2, -4
    call map_peek_elem
    lsh r0, 8
    add r0, r6
    exit`);
  const machine = new Machine({ code, maps: { seen } });
  assert.equal(BigInt.asIntN(64, machine.run().value), -2n);
  assert.equal(machine.run().value, 0n);
  assert.ok(machine.maps.seen.has(Uint8Array.of(7, 0, 0, 0)));
  assert.ok(!machine.maps.seen.has(Uint8Array.of(8, 0, 0, 0)));
});
