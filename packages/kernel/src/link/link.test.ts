import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { arrayMap, type ProgramType, programTypes, sockMap, u64, WaggleError } from '@waggle/bpf';
import {
  alu64,
  callHelper,
  exit,
  Helper,
  type Instruction,
  jump,
  type Label,
  label,
  load,
  loadMap,
  r0,
  r1,
  r2,
  r3,
  r4,
  r6,
  r10,
  store,
} from '@waggle/compiler';
import { KernelError } from '../errors.ts';
import { createMap } from '../map/create.ts';
import { NetworkNamespace } from '../net/namespace.ts';
import { probe } from '../probe/index.ts';
import { loadProgram } from '../program/load.ts';
import { needsRoot, withBpffs, withCgroup } from '../testing/lab.ts';
import { counting, returning, specOf } from '../testing/programs.ts';
import { runScript, sendDatagrams, withWire } from '../testing/wire.ts';
import { attachCgroup } from './cgroup.ts';
import { attachIterator, readIterator } from './iterator.ts';
import { Link } from './link.ts';
import { attachNamespace } from './namespace.ts';
import { attachNetfilter } from './netfilter.ts';
import { attachCpuClock, attachTracepoint, attachUprobe } from './perf.ts';
import { attachSocketMap } from './sockmap.ts';
import { attachRawTracepoint, attachTracing } from './tracing.ts';
import { attachTcx, attachTrafficControl } from './traffic-control.ts';
import { attachXdp } from './xdp.ts';

/** A program that counts its runs, with its counter. */
function counter(type: ProgramType, result: number, target?: string) {
  const map = createMap(arrayMap({ name: 'counter', value: u64, maxEntries: 1 }));
  const spec = specOf(type, counting(result), target === undefined ? {} : { target });
  const program = loadProgram(spec, { maps: { counter: map } });
  return {
    program,
    count: () => map.get(0) ?? 0n,
    [Symbol.dispose]() {
      program.close();
      map.close();
    },
  };
}

for (const mode of ['native', 'generic'] as const) {
  test(`xdp, ${mode}: attach, count, update, detach`, { skip: needsRoot }, async () => {
    await withWire(async ({ left, right }) => {
      using dropping = counter('xdp', 1);
      using passing = counter('xdp', 2);
      using link = right.run(() => attachXdp(dropping.program, 'veth0', { mode }));
      const { type, programId, target } = link.info();
      assert.equal(type, 'xdp');
      assert.equal(programId, dropping.program.info().id);
      assert.ok(target.kind === 'device' && target.interfaceIndex > 1);

      await sendDatagrams(left, '10.9.0.2', 9, 3);
      assert.equal(dropping.count(), 3n);

      assert.throws(() => link.update(passing.program, passing.program), KernelError);
      link.update(passing.program, dropping.program);
      assert.equal(link.info().programId, passing.program.info().id);
      await sendDatagrams(left, '10.9.0.2', 9, 5);
      assert.equal(passing.count(), 5n);
      assert.equal(dropping.count(), 3n);

      assert.throws(
        () => right.run(() => attachXdp(dropping.program, 'veth0', { mode })),
        /attach program "test" to device veth0: EBUSY .*has an XDP program already/,
      );
      link.detach();
      await sendDatagrams(left, '10.9.0.2', 9, 2);
      assert.equal(passing.count(), 5n);
    });
  });
}

test('devices are looked up in the namespace of the caller', { skip: needsRoot }, () => {
  using namespace = NetworkNamespace.createAnonymous();
  using xdp = counter('xdp', 2);
  assert.throws(() => namespace.run(() => attachXdp(xdp.program, 'no-such')), /no network device "no-such"/);
  assert.throws(() => attachXdp(xdp.program, 0), /no network device 0/);
  using tc = counter('tc', 0);
  assert.throws(() => namespace.run(() => attachXdp(tc.program, 'lo', { mode: 'generic' })), KernelError);
});

test('tcx: programs run in the order they are placed in', { skip: needsRoot }, async () => {
  await withWire(async ({ left, right }) => {
    using second = counter('tc', -1);
    using first = counter('tc', -1);
    using blocker = counter('tc', 2);
    using last = counter('tc', -1);
    using egress = counter('tc', -1);
    using middle = right.run(() => attachTcx(second.program, 'veth0', 'ingress'));
    using _first = right.run(() => attachTcx(first.program, 'veth0', 'ingress', 'first'));
    using _last = right.run(() => attachTcx(last.program, 'veth0', 'ingress', 'last'));
    using _out = left.run(() => attachTcx(egress.program, 'veth0', 'egress'));
    await sendDatagrams(left, '10.9.0.2', 9, 3);
    assert.deepEqual([first.count(), second.count(), last.count(), egress.count()], [3n, 3n, 3n, 3n]);

    using _blocker = right.run(() => attachTcx(blocker.program, 'veth0', 'ingress', { after: middle }));
    await sendDatagrams(left, '10.9.0.2', 9, 2);
    assert.deepEqual([first.count(), second.count(), last.count()], [5n, 5n, 3n]);
    assert.equal(middle.info().type, 'tcx');
    assert.ok(Link.list().some(({ id }) => id === middle.info().id));
  });
});

for (const mechanism of ['tcx', 'clsact'] as const) {
  test(`traffic control by ${mechanism}: attach, update, detach`, { skip: needsRoot }, async () => {
    await withWire(async ({ left, right }) => {
      using one = counter('tc', 0);
      using two = counter('tc', 0);
      using beside = counter('tc', -1);
      using other = right.run(() => attachTrafficControl(beside.program, 'veth0', 'ingress', mechanism));
      const attachment = right.run(() => attachTrafficControl(one.program, 'veth0', 'ingress', mechanism));
      assert.equal(attachment.mechanism, mechanism);
      assert.equal(other.link === undefined, mechanism === 'clsact');
      await sendDatagrams(left, '10.9.0.2', 9, 3);
      attachment.update(two.program);
      await sendDatagrams(left, '10.9.0.2', 9, 2);
      attachment.detach();
      attachment.detach();
      await sendDatagrams(left, '10.9.0.2', 9, 4);
      assert.deepEqual([one.count(), two.count(), beside.count()], [3n, 2n, 9n]);
    });
  });
}

test('cgroup: connections are refused for the processes of the group', { skip: needsRoot }, async () => {
  await withWire(async ({ left }) => {
    await withCgroup(async (cgroup) => {
      using refusing = counter('cgroupConnect4', 0);
      using link = attachCgroup(refusing.program, 'cgroupConnect4', cgroup);
      const info = link.info();
      assert.deepEqual(info.target, { kind: 'cgroup', cgroupId: cgroup.id, attachType: 10 });
      const outcome = () =>
        runScript(
          left,
          `require('node:fs').writeFileSync('${cgroup.directory}/cgroup.procs', String(process.pid));
           require('node:net').connect(9, '10.9.0.2').on('error', (error) => console.log(error.code));`,
        );
      assert.equal(await outcome(), 'EPERM');
      assert.equal(refusing.count(), 1n);
      link.close();
      assert.equal(await outcome(), 'ECONNREFUSED');
      assert.equal(refusing.count(), 1n);
      assert.throws(() => attachCgroup(refusing.program, 'cgroupConnect6', cgroup), KernelError);
      assert.throws(
        () => attachCgroup(refusing.program, 'tc', cgroup),
        /of type tc are not attached to control groups/,
      );
    });
  });
});

const cgroupTypes = Object.entries(programTypes).filter(
  ([name, { section }]) => name.startsWith('cgroup') || section === 'sockops',
);

for (const [type, { attachType }] of cgroupTypes) {
  test(`cgroup: ${type} is attached where it belongs`, { skip: needsRoot }, async (t) => {
    const probed = probe(`program ${type}`);
    if (!probed.available) return t.skip(probed.detail);
    await withCgroup((cgroup) => {
      using program = loadProgram(specOf(type as ProgramType, returning(1)));
      using link = attachCgroup(program, type as ProgramType, cgroup);
      assert.deepEqual(link.info().target, { kind: 'cgroup', cgroupId: cgroup.id, attachType });
      using replacement = loadProgram(specOf(type as ProgramType, returning(1)));
      link.update(replacement, program);
      assert.equal(link.info().programId, replacement.info().id);
      link.detach();
    });
  });
}

test('sk_lookup: connections to any port reach one listener', { skip: needsRoot }, async () => {
  await withWire(async ({ left, right }) => {
    using sockets = createMap(sockMap({ name: 'sockets', maxEntries: 1 }));
    const server = createServer((socket) => socket.end(`port ${socket.localPort}`));
    right.run(() => {
      server.listen(7777);
    });
    try {
      await once(server, 'listening');
      const fd = (server as unknown as { _handle: { fd: number } })._handle.fd;
      sockets.set(0, { fd });
      assert.equal(typeof sockets.get(0), 'bigint');
      const body = [
        alu64.mov(r6, r1),
        store('u32', r10, -4, 0),
        alu64.mov(r2, r10),
        alu64.add(r2, -4),
        loadMap(r1, 'sockets'),
        callHelper(Helper.mapLookupElem),
        jump.equal(r0, 0, 'pass'),
        alu64.mov(r1, r6),
        alu64.mov(r2, r0),
        alu64.mov(r3, 0),
        alu64.mov(r6, r0),
        callHelper(Helper.skAssign),
        alu64.mov(r1, r6),
        callHelper(Helper.skRelease),
        label('pass'),
        ...returning(1),
      ];
      using program = loadProgram(specOf('skLookup', body), { maps: { sockets } });
      using link = attachNamespace(program, right);
      assert.equal(link.info().target.kind, 'namespace');
      const answer = await runScript(
        left,
        `require('node:net').connect(4242, '10.9.0.2').on('data', (data) => console.log(String(data)));`,
      );
      assert.equal(answer, 'port 4242');
    } finally {
      server.close();
    }
  });
});

test('netfilter: a program drops at a hook', { skip: needsRoot }, async () => {
  await withWire(async ({ left, right }) => {
    using dropping = counter('netfilter', 0);
    const hook = { family: 'ipv4', hook: 'input', priority: 7 } as const;
    using link = right.run(() => attachNetfilter(dropping.program, hook));
    assert.deepEqual(link.info().target, { kind: 'netfilter', family: 2, hook: 1, priority: 7 });
    await sendDatagrams(left, '10.9.0.2', 9, 3);
    assert.equal(dropping.count(), 3n);
    assert.throws(() => right.run(() => attachNetfilter(dropping.program, hook)), /Priority 7 is taken/);
    assert.throws(() => link.update(dropping.program), KernelError);
  });
});

test('typed and raw tracepoints', { skip: needsRoot }, async () => {
  await withWire(async ({ left }) => {
    using typed = counter('btfTracepoint', 0, 'net_dev_queue');
    using raw = counter('rawTracepoint', 0);
    using typedLink = attachTracing(typed.program);
    using rawLink = attachRawTracepoint(raw.program, 'net_dev_queue');
    await sendDatagrams(left, '10.9.0.2', 9, 4);
    assert.ok(typed.count() >= 4n && raw.count() >= 4n);
    assert.deepEqual(typedLink.info().target, { kind: 'tracepoint', name: 'net_dev_queue' });
    assert.deepEqual(rawLink.info().target, { kind: 'tracepoint', name: 'net_dev_queue' });
    assert.throws(
      () => attachRawTracepoint(raw.program, 'no_such'),
      /raw tracepoint no_such: ENOENT .*no such tracepoint/,
    );
  });
});

test('tracepoints by name', { skip: needsRoot }, async () => {
  await withWire(async ({ left }) => {
    using program = counter('tracepoint', 0);
    using link = attachTracepoint(program.program, 'net', 'net_dev_queue');
    await sendDatagrams(left, '10.9.0.2', 9, 4);
    const counted = program.count();
    assert.ok(counted >= 4n, `${counted}`);
    assert.equal(link.info().type, 'perf_event');
    link.close();
    await sendDatagrams(left, '10.9.0.2', 9, 4);
    assert.equal(program.count(), counted);
    assert.throws(() => attachTracepoint(program.program, 'net', 'none'), /no tracepoint net\/none/);
    assert.throws(() => attachTracepoint(program.program, '../x', 'y'), /no name of a tracepoint/);
  });
});

/** The C library of this process. */
const libc = () =>
  /(\S*\/libc\.so\.6)$/m.exec(readFileSync('/proc/self/maps', 'utf8'))?.[1] ?? '/lib/libc.so.6';

test('uprobes on a function of a library', { skip: needsRoot }, () => {
  using entry = counter('uprobe', 0);
  using exitProbe = counter('uretprobe', 0);
  const path = libc();
  using _entry = attachUprobe(entry.program, { path, symbol: 'getppid', pid: process.pid });
  using _exit = attachUprobe(exitProbe.program, {
    path,
    symbol: 'getppid',
    pid: process.pid,
    onReturn: true,
  });
  void process.ppid;
  assert.equal(entry.count(), 1n);
  assert.equal(exitProbe.count(), 1n);
  assert.throws(() => attachUprobe(entry.program, { path, symbol: 'no_such' }), /has no symbol "no_such"/);
  assert.throws(() => attachUprobe(entry.program, { path: '/none', symbol: 'x' }), /\/none cannot be read/);
  assert.throws(
    () => attachUprobe(entry.program, { path: '/proc/cpuinfo', symbol: 'x' }),
    /no 64-bit little-endian ELF/,
  );
});

test('the clock of a CPU', { skip: needsRoot }, () => {
  using program = counter('perfEvent', 0);
  using _links = new DisposableStack2([0, 1].map((cpu) => attachCpuClock(program.program, cpu, 1000)));
  const until = Date.now() + 100;
  while (Date.now() < until);
  assert.ok(program.count() > 10n, `${program.count()} samples`);
});

/** Closes several things; Node 20 has no DisposableStack. */
class DisposableStack2 {
  readonly #things: readonly Disposable[];
  constructor(things: readonly Disposable[]) {
    this.#things = things;
  }
  [Symbol.dispose]() {
    for (const thing of this.#things) thing[Symbol.dispose]();
  }
}

test('iterators write text', { skip: needsRoot }, () => {
  // ctx->meta->seq is the first argument of bpf_seq_write.
  const body: (Instruction | Label)[] = [
    load('u64', r1, r1, 0),
    load('u64', r1, r1, 0),
    store('u32', r10, -4, 0x0a656562),
    alu64.mov(r2, r10),
    alu64.add(r2, -4),
    alu64.mov(r3, 4),
    alu64.mov(r4, 0),
    callHelper(Helper.seqWrite),
    alu64.mov(r0, 0),
    exit(),
  ];
  using program = loadProgram(specOf('iterator', body, { target: 'bpf_map' }));
  using map = createMap(arrayMap({ value: u64, maxEntries: 1 }), { name: 'one' });
  using link = attachIterator(program);
  const text = Buffer.from(readIterator(link)).toString();
  assert.match(text, /^(bee\n)+$/);
  assert.equal(link.info().type, 'iter');
  assert.ok(map);
});

test('socket maps take programs', { skip: needsRoot }, () => {
  using sockets = createMap(sockMap({ name: 'sockets', maxEntries: 1 }));
  using program = counter('skMsg', 1);
  const attachment = attachSocketMap(program.program, 'skMsg', sockets);
  attachment.detach();
  assert.throws(
    () => attachSocketMap(program.program, 'xdp', sockets),
    (error: unknown) => error instanceof WaggleError,
  );
});

test('a pinned link outlives its holder', { skip: needsRoot }, async () => {
  await withWire(async ({ left, right }) => {
    using program = counter('xdp', 2);
    await withBpffs(async (path) => {
      const link = right.run(() => attachXdp(program.program, 'veth0'));
      link.pin(`${path}/link`);
      link.close();
      assert.throws(() => link.info(), /link of program "test" to device veth0 is closed/);
      await sendDatagrams(left, '10.9.0.2', 9, 2);
      assert.equal(program.count(), 2n);
      using again = Link.openPinned(`${path}/link`);
      assert.equal(again.info().type, 'xdp');
    });
  });
});
