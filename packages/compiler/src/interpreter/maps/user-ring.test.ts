/** Ring buffers from user space, outside of the kernel. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { be32, hashMap, struct, u32, userRingBuffer, WaggleError, xdp } from '@waggle/bpf';
import { lowered, machineOf } from '../../frontend/testing/evaluate.ts';
import { moduleOf } from '../../frontend/testing/module.ts';
import { xdpContext } from '../context.ts';
import { virtualMap } from './create.ts';
import { VirtualUserRing } from './user-ring.ts';

const Command = struct('command', { address: be32, limit: u32 });
const commands = userRingBuffer({ bytes: 4096, record: Command });
const limits = hashMap({ key: be32, value: u32, maxEntries: 16 });

/** A program that does what it is told, until it is told the limit 0. */
function commanded() {
  const program = xdp(() => 0);
  const text = `export const program = xdp(() => {
    let sum: u32 = 0;
    const count = commands.drain((command) => {
      sum += command.limit;
      limits.update(command.address, command.limit);
      return command.limit === 0;
    });
    return sum * 100 + u32(count);
  });`;
  const machine = machineOf(lowered(moduleOf(text, { commands, limits, program })));
  const ring = machine.maps.commands;
  assert.ok(ring instanceof VirtualUserRing);
  return { ring, run: () => machine.run(xdpContext(new Uint8Array(64))).result };
}

test('a program takes out what was sent, in order, until it has enough', () => {
  const { ring, run } = commanded();
  assert.equal(run(), 0);
  for (const limit of [3, 4, 0, 5]) ring.send({ address: limit, limit });
  assert.equal(run(), 703);
  assert.equal(ring.size, 1);
  assert.equal(run(), 501);
  assert.equal(ring.size, 0);
});

test('what is shorter than a record is taken out and passed over', () => {
  const { ring, run } = commanded();
  ring.sendBytes(new Uint8Array(7));
  ring.sendBytes(Uint8Array.of(0, 0, 0, 1, 9, 0, 0, 0, 77));
  assert.equal(run(), 902);
});

test('a ring that no program drains fills up', () => {
  const ring = virtualMap(commands);
  const full = (run: () => void) =>
    assert.throws(run, (error: unknown) => error instanceof WaggleError && error.code === 'FULL');
  for (let sent = 0; sent < 256; sent++) ring.send({ address: 1, limit: 1 });
  full(() => ring.send({ address: 1, limit: 1 }));
  ring.take();
  ring.send({ address: 2, limit: 1 });
  full(() => virtualMap(commands).sendBytes(new Uint8Array(4096)));
  assert.throws(() => virtualMap(userRingBuffer({ bytes: 4096 })).send(1), /without a declared record/);
});
