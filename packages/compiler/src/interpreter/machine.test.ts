import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WaggleError } from '@waggle/bpf';
import { assembleText } from '../backend/text-assembler.ts';
import { tcContext, xdpContext } from './context.ts';
import { Machine } from './machine.ts';

/** A frame with an EtherType and 50 bytes that count up. */
const frame = (): Uint8Array => {
  const bytes = Uint8Array.from({ length: 64 }, (_, index) => index);
  bytes.set([0x08, 0x00], 12);
  return bytes;
};

const failsWith = (run: () => unknown, message: RegExp) =>
  assert.throws(run, (error: unknown) => error instanceof WaggleError && message.test(error.message));

test('an XDP program reads and writes its packet, within its bounds', () => {
  const code = assembleText(`
    ldxw r2, [r1]
    ldxw r3, [r1+4]
    mov r0, 1
    mov r4, r2
    add r4, 14
    jgt r4, r3, out
    ldxh r5, [r2+12]
    be16 r5
    jne r5, 0x800, out
    stb [r2], 0xff
    ldxw r0, [r1+12]
    out: exit`);
  const machine = new Machine({ code });
  const context = xdpContext(frame(), { ingressInterface: 7 });
  const { result, value, instructions } = machine.run(context);
  assert.equal(result, 7);
  assert.equal(value, 7n);
  assert.equal(instructions, 12);
  assert.equal(context.packet.bytes[0], 0xff);
  const short = xdpContext(frame().subarray(0, 13));
  assert.equal(machine.run(short).result, 1);
  const unchecked = new Machine({ code: assembleText('ldxw r2, [r1+4]\nldxb r0, [r2]\nexit') });
  failsWith(
    () => unchecked.run(xdpContext(frame())),
    /slot 1 .*: reads 1 byte at offset 64 of the packet, which has 64/,
  );
  const writing = new Machine({ code: assembleText('stw [r1], 0\nexit') });
  failsWith(
    () => writing.run(xdpContext(frame())),
    /writes 4 bytes to the context xdp_md, which is read-only/,
  );
});

test('a pointer from before a move of the packet is caught', () => {
  const code = assembleText(`
    mov r6, r1
    ldxw r7, [r6]
    mov r2, -8
    call xdp_adjust_head
    ldxb r0, [r7]
    exit`);
  failsWith(() => new Machine({ code }).run(xdpContext(frame())), /slot 4 .*of the packet/);
});

test('metadata goes along with the packet', () => {
  const code = assembleText(`
    ldxw r2, [r1+8]
    ldxw r0, [r2]
    stw [r2], 9
    exit`);
  const context = xdpContext(frame(), { metadata: Uint8Array.of(1, 2, 0, 0) });
  assert.equal(new Machine({ code }).run(context).result, 0x201);
  assert.deepEqual(context.packet.metadata, Uint8Array.of(9, 0, 0, 0));
});

test('a tc program reads and writes the fields of its socket buffer', () => {
  const code = assembleText(`
    ldxw r2, [r1+16]
    be16 r2
    jne r2, 0x800, out
    ldxw r3, [r1]
    stxw [r1+8], r3
    mov r6, r1
    call get_hash_recalc
    ldxw r2, [r6+32]
    add r0, r2
    out: exit`);
  const context = tcContext(frame(), { hash: 1000, priority: 5 });
  assert.equal(new Machine({ code }).run(context).result, 1005);
  assert.equal(context.fields.mark, 64);
  failsWith(() => tcContext(new Uint8Array(13)), /13 bytes has no Ethernet header of 14 bytes/);
});

test('reads of the packet of a socket buffer are in network order, and end the program outside of it', () => {
  const run = (line: string) =>
    new Machine({ code: assembleText(`mov r6, r1\nmov r7, 2\n${line}\nadd r0, 1\nexit`) }).run(
      tcContext(frame()),
    ).result;
  assert.equal(run('ldabsh 12'), 0x801);
  assert.equal(run('ldindw r7, 18'), 0x1415_1618);
  assert.equal(run('ldabsb 63'), 64);
  assert.equal(run('ldabsb 64'), 0);
  assert.equal(run('ldabsh -1'), 0);
});

test('a machine counts which instructions it executed', () => {
  const code = assembleText('mov r0, 0\njeq r2, 4, out\nmov r0, 1\nout: exit');
  const machine = new Machine({ code });
  machine.run(new Uint8Array(4));
  assert.deepEqual([...machine.visits], [1, 1, 0, 1]);
  machine.run(new Uint8Array(5));
  assert.deepEqual([...machine.visits], [2, 2, 1, 2]);
});
