/** Storages outside of the kernel, by programs: objects are addresses, here of nothing in particular. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  btfTracepoint,
  cgroupStorage,
  inodeStorage,
  kernelStruct,
  socketStorage,
  struct,
  taskStorage,
  u32,
  WaggleError,
} from '@waggle/bpf';
import { assembleText } from '../../backend/text-assembler.ts';
import { lowered, machineOf } from '../../frontend/testing/evaluate.ts';
import { moduleOf } from '../../frontend/testing/module.ts';
import { Machine } from '../machine.ts';
import { virtualMap } from './create.ts';

const Task = kernelStruct('task_struct', { tgid: u32 });
const Inode = kernelStruct('inode', { i_uid: u32 });
const Cgroup = kernelStruct('cgroup', { level: u32 });
const Visits = struct('visits', { count: u32, last: u32 });
const onTasks = taskStorage({ value: Visits });
const onInodes = inodeStorage({ value: u32 });
const onCgroups = cgroupStorage({ value: u32 });

/** The program with this body, given a task, an inode and a cgroup. */
function machine(body: string) {
  const program = btfTracepoint('anything', () => undefined, { license: 'GPL' });
  const text = `export const program = btfTracepoint('anything', (ctx) => {
    const task = ctx.argument(0, Task);
    const inode = ctx.argument(1, Inode);
    const cgroup = ctx.argument(2, Cgroup);
    if (!task || !inode || !cgroup) return 99;
    ${body}
  }, { license: 'GPL' });`;
  return machineOf(lowered(moduleOf(text, { Task, Inode, Cgroup, onTasks, onInodes, onCgroups, program })));
}

const objects = (...addresses: readonly [bigint, bigint, bigint]): Uint8Array =>
  new Uint8Array(BigUint64Array.from(addresses).buffer);

test('each object has its own value, of zeros at the start', () => {
  const counting = machine(`
    const known = onTasks.lookup(task);
    const visits = onTasks.ensure(task);
    if (!visits) return 98;
    visits.count += 1;
    return known ? visits.count : 50;`);
  const run = (task: bigint) => counting.run(objects(task, 1n, 1n)).result;
  assert.deepEqual([run(8n), run(8n), run(16n), run(8n), run(16n)], [50, 2, 50, 3, 2]);
});

test('a value that is deleted starts anew', () => {
  const deleting = machine(`
    const gone = onTasks.delete(task);
    const visits = onTasks.ensure(task);
    if (!visits || visits.count !== 0) return 98;
    visits.count = 7;
    return gone === 0 ? 1 : u32(-gone);`);
  const run = () => deleting.run(objects(8n, 1n, 1n)).result;
  assert.deepEqual([run(), run()], [2, 1]);
});

test('whoever drives the machine sets and reads values by object', () => {
  const storage = virtualMap(onTasks);
  storage.set(8n, { count: 3, last: 4 });
  storage.set(8n, { count: 5, last: 4 });
  assert.deepEqual([...storage], [[8n, { count: 5, last: 4 }]]);
  assert.deepEqual([storage.delete(8n), storage.delete(8n)], [true, false]);
  assert.deepEqual([storage.get(8n), storage.size], [undefined, 0]);
});

test('storages of other objects, with scalars as values', () => {
  const sum = machine(`
    const first = onInodes.ensure(inode) ?? 90;
    const second = onCgroups.lookup(cgroup) ?? 5;
    return first + second;`);
  assert.equal(sum.run(objects(1n, 2n, 3n)).result, 5);
});

test('helpers take what the kernel takes', () => {
  const onSockets = socketStorage({ value: u32 });
  const call = (socket: number, initial: string, flags: number) =>
    new Machine({
      code: assembleText(`
        stw [r10-8], 41
        r1 = map[onSockets] ll
        mov r2, ${socket}
        mov r3, ${initial}
        mov r4, ${flags}
        call sk_storage_get
        jeq r0, 0, out
        ldxw r0, [r0]
        out: exit`),
      maps: { onSockets },
    }).run().value;
  assert.deepEqual([call(5, '0', 0), call(0, '0', 1), call(5, '0', 2)], [0n, 0n, 0n]);
  assert.equal(call(5, 'r10\nadd r3, -8', 1), 41n);
  assert.throws(
    () => virtualMap(onSockets).lookup(new Uint8Array(4)),
    (error: unknown) => error instanceof WaggleError && /takes no map_lookup_elem/.test(error.message),
  );
});
