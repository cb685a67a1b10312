/** Structs and functions of the kernel: what the IR asks the running kernel, and what is refused. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  array,
  be16,
  be32,
  bool,
  btfTracepoint,
  bytes,
  chars,
  fexit,
  i32,
  inodeStorage,
  iterator,
  type KernelStruct,
  kernelFunction,
  kernelStruct,
  kprobe,
  kretprobe,
  type ProgramDeclaration,
  pointerTo,
  rawTracepoint,
  struct,
  taskStorage,
  tracepoint,
  u8,
  u16,
  u32,
  u64,
  uprobe,
} from '@waggle/bpf';
import { printIr } from '../ir/print.ts';
import { complaints, lowered } from './testing/evaluate.ts';
import { moduleOf } from './testing/module.ts';

const Task: KernelStruct = kernelStruct('task_struct', {
  pid: i32,
  comm: chars(16),
  real_parent: pointerTo(() => Task),
});
const Common = kernelStruct('sock_common', { skc_daddr: be32, skc_dport: be16, skc_family: u16 });
const Address = struct('in6_addr', { words: array(be32, 4) });
const Sock = kernelStruct('sock', { __sk_common: Common, sk_protocol: u8, skc_v6_daddr: Address });
const TaskIterator = kernelStruct('bpf_iter__task', { task: pointerTo(Task) });
const StateChange = kernelStruct('trace_event_raw_inet_sock_set_state', { sport: u16, daddr: bytes(4) });
const Name = struct('name', { text: chars(16) });
const release = kernelFunction('bpf_task_release', [Task], undefined, { releases: true });
const find = kernelFunction('bpf_task_from_pid', [i32], Task, { acquires: release });
const isFine = kernelFunction('bpf_is_fine', [], bool);

const seen = taskStorage({ value: u32 });
const Inode = kernelStruct('inode', { i_ino: u64 });
const files = inodeStorage({ value: u32 });

const scope = {
  seen,
  Inode,
  files,
  Task,
  Common,
  Sock,
  Address,
  TaskIterator,
  StateChange,
  Name,
  release,
  find,
  isFine,
};
const GPL = { license: 'GPL' };
const types = {
  btfTracepoint: btfTracepoint('sched_switch', () => undefined, GPL),
  rawTracepoint: rawTracepoint('sched_switch', () => undefined, GPL),
  kprobe: kprobe('tcp_connect', () => undefined, GPL),
  kretprobe: kretprobe('tcp_connect', () => undefined, GPL),
  fexit: fexit('tcp_connect', () => undefined, GPL),
  uprobe: uprobe('/lib/libc.so:malloc', () => undefined, GPL),
  tracepoint: tracepoint('sock/inet_sock_set_state', () => undefined, GPL),
  iterator: iterator('task', () => 0, GPL),
} as const;

const module = (declared: ProgramDeclaration, body: string, before = '') =>
  moduleOf(
    `${before}\nexport const program = ${declared.type}('x', (ctx) => {\n${body}\n}, { license: 'GPL' });`,
    {
      ...scope,
      program: declared,
    },
  );
const irOf = (type: keyof typeof types, body: string, before = ''): string =>
  printIr(lowered(module(types[type], body, before)).ir)
    .replace(/ {2};.*/g, '')
    .split('\n')
    .slice(3)
    .join('\n');
const codes = (type: keyof typeof types, body: string): readonly string[] =>
  complaints(module(types[type], body)).map((each) => each.slice(0, 4));

describe('fields', () => {
  test('are read where the kernel has them, through pointers of known type', () => {
    assert.equal(
      irOf(
        'btfTracepoint',
        'const sock = ctx.argument(0, Sock); if (sock) return sock.__sk_common.skc_family;',
      ),
      `b0:
  %1: kernel? = load u64 %0 +0
  %2: kernel? = const 0
  branch notEqual %1 %2 ? b1 : b3
b1:
  %3: i64 = fieldOffset sock __sk_common.skc_family size 2 narrow
  %4: kernel = offsetPointer %1 %3
  %5: i32 = load u16 %4 +0
  return %5
b3:
  %6: i32 = const 0
  return %6
`,
    );
  });

  test('in network order have the size that they have', () => {
    const text = irOf(
      'btfTracepoint',
      'const sock = ctx.argument(0, Sock); if (sock) return ntoh32(sock.__sk_common.skc_daddr);',
    );
    assert.match(text, /fieldOffset sock __sk_common\.skc_daddr size 4\n/);
  });

  test('of raw pointers are read from addresses', () => {
    const body = 'const sock = ctx.argument(1, Sock); if (sock) return sock.sk_protocol;';
    assert.match(irOf('rawTracepoint', body), /%1: address\? = load u64 %0 \+8\n/);
    assert.match(
      irOf('kprobe', body),
      /registerOffset 1\n {2}%2: context = offsetPointer %0 %1\n {2}%3: address\? = load u64 %2 \+0/,
    );
    assert.match(irOf('kprobe', body), /offsetPointer %3 %5\n {2}%7: i32 = load u8 %6 \+0/);
  });

  test('that are pointers are followed, and may be null', () => {
    const body = `const task = ctx.argument(0, Task);
      if (!task) return;
      const parent = task.real_parent;
      return parent ? u32(parent.pid) : 0;`;
    assert.match(
      irOf('btfTracepoint', body),
      /fieldOffset task_struct real_parent size 8[\s\S]*kernel\? = load u64/,
    );
    assert.match(irOf('rawTracepoint', body), /address\? = load u64 %\d+ \+0[\s\S]*branch notEqual/);
    assert.deepEqual(codes('btfTracepoint', 'const task = ctx.argument(0, Task); return task.pid;'), [
      'W301',
    ]);
  });

  test('that are arrays are read in place, or copied where the index varies', () => {
    const typed = (use: string) =>
      irOf('btfTracepoint', `const task = ctx.argument(0, Task); if (task) { ${use} }`);
    assert.match(typed('return task.comm[3];'), /load u8 %\d+ \+3/);
    assert.match(
      typed('return task.comm[ctx.argument(1, u32) % 16];'),
      /callHelper probe_read_kernel %\d+ %\d+ %\d+/,
    );
    assert.match(
      typed('const name: Infer<typeof Name> = { text: task.comm }; return name.text[0];'),
      /store u64 %\d+ \+8/,
    );
    const raw = irOf(
      'kprobe',
      'const task = ctx.argument(0, Task); if (task) { const name: Infer<typeof Name> = { text: task.comm }; return name.text[0]; }',
    );
    assert.equal([...raw.matchAll(/probe_read_kernel/g)].length, 1);
  });

  test('of a fixed struct in one of the kernel are where that one is', () => {
    assert.match(
      irOf(
        'btfTracepoint',
        'const sock = ctx.argument(0, Sock); if (sock) return ntoh32(sock.skc_v6_daddr.words[2]);',
      ),
      /fieldOffset sock skc_v6_daddr size 16[\s\S]*load u32 %\d+ \+8/,
    );
  });

  test('are passed on with the struct around them', () => {
    const before = `function port(common: Infer<typeof Common>): u16 { return ntoh16(common.skc_dport); }
      function family(common: Infer<typeof Common> | null): u16 { return common ? common.skc_family : 0; }`;
    const text = irOf(
      'btfTracepoint',
      'const sock = ctx.argument(0, Sock); if (sock) return port(sock.__sk_common) + family(sock.__sk_common);',
      before,
    );
    assert.match(
      text,
      /function port\(%0: kernel\): i32\nb0:\n {2}%1: i64 = fieldOffset sock_common skc_dport size 2/,
    );
    assert.match(text, /function family\(%0: kernel\?\)/);
  });

  test('are never written, and not given to helpers', () => {
    const use = (body: string) =>
      codes('btfTracepoint', `const task = ctx.argument(0, Task); if (task) { ${body} }`);
    assert.deepEqual(use('task.pid = 1;'), ['W310']);
    assert.deepEqual(use('task.comm[0] = 1;'), ['W310']);
    assert.deepEqual(use("atomic.add(task, 'pid', 1);"), ['W310']);
    assert.deepEqual(use('getCurrentComm(task);'), ['W311']);
    assert.deepEqual(use('return task.nice;'), ['W216']);
    assert.deepEqual(use('zeroed(Task);'), ['W201']);
    assert.deepEqual(use('const task: Infer<typeof Task> = { pid: 1 };'), ['W310']);
  });

  test('can be asked for', () => {
    assert.match(
      irOf('btfTracepoint', "if (fieldExists(Sock, 'sk_protocol')) return 1;"),
      /%1: i32 = fieldExists sock sk_protocol\n/,
    );
    assert.deepEqual(codes('btfTracepoint', "if (fieldExists(Sock, 'sk_nothing')) return;"), ['W216']);
    assert.deepEqual(codes('btfTracepoint', 'if (fieldExists(Name, Name)) return;'), ['W201']);
    assert.deepEqual(codes('btfTracepoint', 'if (fieldExists(Sock, Name)) return;'), ['W504']);
  });
});

describe('what the context gives', () => {
  test('arguments are scalars as they are declared', () => {
    assert.match(
      irOf('btfTracepoint', 'return u32(ctx.argument(2, i32) < 0);'),
      /load u64 %0 \+16\n {2}%2: i32 = truncate %1/,
    );
    assert.match(
      irOf('kprobe', 'return u32(ctx.argument(2, bool));'),
      /truncate[\s\S]*const 255[\s\S]*and[\s\S]*notEqual/,
    );
    assert.doesNotMatch(irOf('kprobe', 'if (ctx.argument(0, be16) === 443) return;'), /swapBytes/);
    assert.deepEqual(codes('kprobe', 'ctx.argument(0, Name);'), ['W201']);
    assert.deepEqual(codes('uprobe', 'ctx.argument(0, Sock);'), ['W502']);
    assert.match(irOf('uprobe', 'return u32(ctx.argument(0));'), /registerOffset 0/);
  });

  test('what a function returned', () => {
    assert.match(irOf('kretprobe', 'return u32(ctx.returnValue);'), /registerOffset result/);
    assert.match(irOf('fexit', 'return u32(ctx.returnValue);'), /callHelper get_func_ret %0 %1/);
    assert.deepEqual(codes('kprobe', 'return u32(ctx.returnValue);'), ['W502']);
  });

  test('structs that the kernel lays out, with the pointers in them', () => {
    assert.match(
      irOf('tracepoint', 'return ctx.field(StateChange).sport;'),
      /fieldOffset trace_event_raw_inet_sock_set_state sport size 2 narrow\n {2}%2: context = offsetPointer %0 %1/,
    );
    assert.match(
      irOf('iterator', 'const task = ctx.field(TaskIterator).task; return task ? 1 : 0;'),
      /%3: kernel\? = load u64 %2 \+0/,
    );
  });

  test('an address is one of a struct if the program says so', () => {
    assert.match(
      irOf('kretprobe', 'const sock = kernelAt(Sock, ctx.returnValue); if (sock) return sock.sk_protocol;'),
      /address\? = load u64/,
    );
    assert.deepEqual(codes('kretprobe', 'kernelAt(Sock, 5);'), ['W201']);
    assert.match(
      irOf('kprobe', 'return u32(currentTask(Task).pid);'),
      /kernel = callHelper get_current_task_btf/,
    );
    assert.deepEqual(codes('kprobe', 'currentTask(Sock);'), ['W201']);
  });
});

describe('functions of the kernel', () => {
  test('are called by name', () => {
    assert.match(
      irOf('btfTracepoint', 'const task = find(1); if (task) release(task); return u32(isFine());'),
      /%2: kernel\? = callKernel bpf_task_from_pid %1\n[\s\S]*callKernel bpf_task_release %2\n[\s\S]*i64 = callKernel bpf_is_fine\n/,
    );
  });

  test('what they give is given back, exactly once', () => {
    assert.deepEqual(codes('btfTracepoint', 'const task = find(1);'), ['W305']);
    assert.deepEqual(
      codes('btfTracepoint', 'const task = find(1); if (task && task.pid > 1) release(task);'),
      ['W305'],
    );
    assert.deepEqual(
      codes('btfTracepoint', 'const task = find(1); if (task) { release(task); release(task); }'),
      ['W306'],
    );
  });

  test('take what they are declared to take', () => {
    assert.deepEqual(codes('btfTracepoint', 'release(find(1));'), ['W301']);
    assert.deepEqual(codes('btfTracepoint', 'find();'), ['W405']);
    assert.deepEqual(codes('btfTracepoint', 'const sock = ctx.argument(0, Sock); if (sock) release(sock);'), [
      'W201',
    ]);
    assert.deepEqual(codes('kprobe', 'const task = ctx.argument(0, Task); if (task) release(task);'), [
      'W311',
    ]);
  });
});

test('the kernel wants the GPL', () => {
  const proprietary = btfTracepoint('sched_switch', () => undefined);
  const other = btfTracepoint('sched_switch', () => undefined, { license: 'Dual BSD/GPL' });
  for (const body of ['ctx.argument(0, Task);', 'isFine();', 'currentTask(Task);', 'kernelAt(Task, 1n);']) {
    assert.deepEqual(
      complaints(module(proprietary, body)).map((each) => each.slice(0, 4)),
      ['W509'],
      body,
    );
    assert.deepEqual(complaints(module(other, body)), []);
  }
});

describe('storages', () => {
  test('take objects of which the verifier knows the type', () => {
    assert.deepEqual(codes('btfTracepoint', 'seen.ensure(currentTask(Task));'), []);
    assert.deepEqual(codes('kprobe', 'seen.ensure(currentTask(Task));'), []);
    const inode = 'const inode = ctx.argument(0, Inode); if (inode) files.ensure(inode);';
    assert.deepEqual(codes('btfTracepoint', inode), []);
    assert.deepEqual(codes('kprobe', inode), ['W311']);
  });

  test('refuse what is something else, or may be null', () => {
    assert.deepEqual(codes('btfTracepoint', 'files.ensure(currentTask(Task));'), ['W201']);
    assert.deepEqual(codes('btfTracepoint', 'seen.lookup(5);'), ['W201']);
    assert.deepEqual(codes('btfTracepoint', 'seen.delete(ctx.argument(0, Task));'), ['W301']);
    assert.deepEqual(codes('btfTracepoint', 'seen.update(currentTask(Task), 1);'), ['W501']);
    assert.deepEqual(codes('btfTracepoint', 'seen.lookup();'), ['W405']);
  });
});
