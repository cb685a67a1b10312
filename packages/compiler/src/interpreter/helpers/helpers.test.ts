import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  arrayMap,
  deviceMap,
  hashMap,
  perfEventArray,
  programArray,
  ringBuffer,
  struct,
  u32,
  u64,
  WaggleError,
} from '@waggle/bpf';
import { Helper } from '../../backend/helper.ts';
import { assembleText } from '../../backend/text-assembler.ts';
import { tcContext, xdpContext } from '../context.ts';
import { Machine } from '../machine.ts';

const counters = arrayMap({ value: u64, maxEntries: 4 });

/** A frame with an EtherType and 50 bytes that count up. */
const frame = (): Uint8Array => {
  const bytes = Uint8Array.from({ length: 64 }, (_, index) => index);
  bytes.set([0x08, 0x00], 12);
  return bytes;
};

const failsWith = (run: () => unknown, message: RegExp) =>
  assert.throws(run, (error: unknown) => error instanceof WaggleError && message.test(error.message));

test('tail calls go on with another program, 33 times', () => {
  const maps = { next: programArray({ maxEntries: 2 }), counters };
  const jump = (index: number) => `
    mov r6, r1
    r2 = map[counters][0]+0 ll
    mov r3, 1
    lock add [r2], r3
    r2 = map[next] ll
    mov r3, ${index}
    mov r1, r6
    call tail_call
    mov r0, 77
    exit`;
  const machine = new Machine({ code: assembleText(jump(0)), maps });
  assert.equal(machine.run().result, 77);
  machine.maps.next.set(0, machine.load(assembleText('mov r0, r1\nexit')));
  const memory = new Uint8Array(8);
  assert.ok(machine.run(memory).value > 1n << 32n, 'the context is handed on');
  machine.maps.next.set(0, machine.load(assembleText(jump(0))));
  machine.maps.counters.set(0, 0n);
  assert.equal(machine.run().result, 77);
  assert.equal(machine.maps.counters.get(0), 34n);
  failsWith(() => machine.maps.next.set(2, machine.load(assembleText('exit'))), /indexes 0 to 1/);
});

test('callbacks run in a frame of their own', () => {
  const loop = (count: number) => `
    mov r6, 5
    stdw [r10-8], 0
    mov r1, ${count}
    r2 = subprog[body] ll
    mov r3, r10
    add r3, -8
    mov r4, 0
    call loop
    ldxdw r1, [r10-8]
    lsh r1, 32
    or r0, r1
    add r0, r6
    exit
    body:
    mov r6, 1000
    ldxdw r3, [r2]
    add r3, r1
    stxdw [r2], r3
    mov r0, 0
    jlt r1, 9, +1
    mov r0, 1
    exit`;
  const run = (count: number) => new Machine({ code: assembleText(loop(count)) }).run().value;
  assert.equal(run(4), (6n << 32n) + 4n + 5n);
  assert.equal(run(100), (45n << 32n) + 10n + 5n);
  const visited = `
    stdw [r10-8], 0
    r1 = map[table] ll
    r2 = subprog[body] ll
    mov r3, r10
    add r3, -8
    mov r4, 0
    call for_each_map_elem
    ldxdw r1, [r10-8]
    add r0, r1
    exit
    body:
    ldxw r2, [r2]
    ldxdw r5, [r3]
    add r5, r2
    ldxdw r0, [r4]
    add r0, r5
    stxdw [r4], r0
    mov r0, 0
    exit`;
  const table = hashMap({ key: u32, value: u64, maxEntries: 8 });
  const machine = new Machine({ code: assembleText(visited), maps: { table } });
  machine.maps.table.set(1, 10n);
  machine.maps.table.set(2, 20n);
  assert.equal(machine.run().value, 33n + 2n);
});

test('ring buffers collect records until they are full', () => {
  const Event = struct('event', { kind: u32, size: u32 });
  const maps = { events: ringBuffer({ bytes: 4096, record: Event }) };
  const code = assembleText(`
    r1 = map[events] ll
    mov r2, 8
    mov r3, 0
    call ringbuf_reserve
    jeq r0, 0, full
    stw [r0], 1
    stw [r0+4], 64
    mov r1, r0
    mov r2, 0
    call ringbuf_submit
    stdw [r10-8], 2
    r1 = map[events] ll
    mov r2, r10
    add r2, -8
    mov r3, 8
    mov r4, 0
    call ringbuf_output
    exit
    full: mov r0, 1
    exit`);
  const machine = new Machine({ code, maps });
  assert.equal(machine.run().value, 0n);
  const { events } = machine.maps;
  assert.deepEqual(events.drain(), [
    { kind: 1, size: 64 },
    { kind: 2, size: 0 },
  ]);
  for (let run = 0; run < 127; run++) assert.equal(machine.run().value, 0n);
  // Of 256 records of 16 bytes, the last one does not fit.
  assert.equal(BigInt.asIntN(64, machine.run().value), -11n);
  assert.equal(machine.run().value, 1n);
  assert.equal(events.drainBytes().length, 255);
  const discard = assembleText(`
    r1 = map[events] ll
    mov r2, 8
    mov r3, 0
    call ringbuf_reserve
    mov r6, r0
    mov r1, r0
    mov r2, 0
    call ringbuf_discard
    ldxdw r0, [r6]
    exit`);
  failsWith(
    () => new Machine({ code: discard, maps: { events } }).run(),
    /slot 9 .*where there is no memory/,
  );
  assert.deepEqual(events.drain(), []);
});

test('perf events and the trace log are collected', () => {
  const code = assembleText(`
    stdw [r10-8], 7
    r2 = map[events] ll
    lddw r3, 0x4ffffffff
    mov r4, r10
    add r4, -8
    mov r5, 8
    call perf_event_output
    lddw r1, 0x7825203a6425
    stxdw [r10-16], r1
    mov r1, r10
    add r1, -16
    mov r2, 8
    mov r3, -5
    mov r4, 255
    call trace_printk
    mov r0, 0
    exit`);
  const machine = new Machine({ code, maps: { events: perfEventArray({ maxEntries: 1 }) } });
  machine.run(xdpContext(frame()));
  assert.deepEqual(machine.maps.events.drain(), [
    { data: Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0), packet: Uint8Array.of(0, 1, 2, 3) },
  ]);
  assert.deepEqual(machine.trace, ['-5: ff']);
});

test('redirection is told, to an interface or through a map', () => {
  const maps = { devices: deviceMap({ maxEntries: 4 }) };
  const plain = new Machine({ code: assembleText('mov r1, 9\nmov r2, 0\ncall redirect\nexit') });
  assert.equal(plain.run(xdpContext(frame())).result, 4);
  assert.deepEqual(plain.redirection, { interfaceIndex: 9, flags: 0 });
  assert.equal(plain.run(tcContext(frame())).result, 7);
  const code = assembleText('r1 = map[devices] ll\nmov r2, 2\nmov r3, 2\ncall redirect_map\nexit');
  const machine = new Machine({ code, maps });
  assert.equal(machine.run(xdpContext(frame())).result, 2);
  assert.equal(machine.redirection, undefined);
  machine.maps.devices.set(2, 33);
  assert.equal(machine.run(xdpContext(frame())).result, 4);
  assert.deepEqual(machine.redirection, { map: machine.maps.devices, key: 2, flags: 2 });
});

test('spin locks must be released, and taken only once', () => {
  const locks = arrayMap({ value: u64, maxEntries: 1 });
  const run = (calls: readonly string[]) =>
    new Machine({
      code: assembleText(
        `${calls.map((name) => `r1 = map[locks][0]+0 ll\ncall ${name}`).join('\n')}\nmov r0, 0\nexit`,
      ),
      maps: { locks },
    }).run().value;
  assert.equal(run(['spin_lock', 'spin_unlock', 'spin_lock', 'spin_unlock']), 0n);
  failsWith(() => run(['spin_lock', 'spin_lock']), /takes a spin lock while it holds one/);
  failsWith(() => run(['spin_unlock']), /releases a spin lock that it does not hold/);
  failsWith(() => run(['spin_lock']), /the program ends holding a spin lock/);
});

test('time, chance and other helpers can be given', () => {
  const code = assembleText(
    'call ktime_get_ns\nmov r6, r0\ncall get_prandom_u32\nadd r0, r6\nmov r6, r0\ncall get_current_uid_gid\nadd r0, r6\nexit',
  );
  const machine = new Machine({
    code,
    clock: () => 1000n,
    random: () => 20,
    helpers: { [Helper.getCurrentUidGid]: () => 3 },
  });
  assert.equal(machine.run().value, 1023n);
  const compare = assembleText(
    'mov r1, r10\nadd r1, -8\nstdw [r10-8], 0x6261\nmov r2, 8\nmov r3, r10\nadd r3, -16\nstdw [r10-16], 0x6361\ncall strncmp\nexit',
  );
  assert.equal(new Machine({ code: compare }).run().value, 0xffff_ffff_ffff_ffffn);
  const probe = assembleText(
    'mov r1, r10\nadd r1, -8\nstdw [r10-8], 5\nmov r2, 8\nmov r3, 0\ncall probe_read_kernel\nldxdw r1, [r10-8]\nadd r0, r1\nexit',
  );
  assert.equal(new Machine({ code: probe }).run().value, 0xffff_ffff_ffff_fff2n);
});
