import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { arrayMap, codecOf, programArray, struct, u32, u64, WaggleError, XdpMd } from '@waggle/bpf';
import {
  alu64,
  assemble,
  at,
  callFunction,
  callHelper,
  exit,
  Helper,
  jump,
  label,
  load,
  loadMap,
  loadMapValue,
  r0,
  r1,
  r2,
  r3,
  store,
} from '@waggle/compiler';
import { createMap } from '../map/create.ts';
import { NetworkNamespace } from '../net/namespace.ts';
import { needsRoot, withBpffs } from '../testing/lab.ts';
import { counting, FRAME, loadBody, returning, specOf } from '../testing/programs.ts';
import { loadProgram } from './load.ts';
import { enableStatistics, Program } from './program.ts';
import { summarizeVerifierLog, VerifierError } from './verifier-error.ts';

const bpftool = ['/usr/sbin/bpftool', '/usr/bin/bpftool'].find(existsSync);
const counter = arrayMap({ name: 'counter', value: u64, maxEntries: 1 });

test('a program runs on test data and returns its packet', { skip: needsRoot }, () => {
  using program = loadBody('xdp', [
    load('u32', r2, r1, 0),
    load('u32', r3, r1, 4),
    alu64.mov(r0, 1),
    alu64.mov(r1, r2),
    alu64.add(r1, 1),
    jump.greater(r1, r3, 'out'),
    store('u8', r2, 0, 0xab),
    alu64.mov(r0, 2),
    label('out'),
    exit(),
  ]);
  const { result, data, duration } = program.testRun({ data: FRAME, repeat: 10 });
  assert.equal(result, 2);
  assert.equal(data.length, FRAME.length);
  assert.equal(data[0], 0xab);
  assert.equal(FRAME[0], 0, 'the input is left alone');
  assert.ok(duration >= 0);
});

test('a program sees the context it is given', { skip: needsRoot }, () => {
  using program = loadBody('xdp', [load('u32', r0, r1, 16), exit()]);
  const context = codecOf(XdpMd).encode({
    data: 0,
    dataEnd: FRAME.length,
    dataMeta: 0,
    ingressInterface: 1,
    receiveQueue: 0,
    egressInterface: 0,
  });
  const run = program.testRun({ data: FRAME, context });
  assert.equal(run.result, 0);
  assert.equal(codecOf(XdpMd).decode(run.context).ingressInterface, 1);
});

test('test runs that cannot be are explained', { skip: needsRoot }, () => {
  using program = loadBody('xdp', returning(2));
  assert.throws(() => program.testRun({ data: new Uint8Array(3) }), /at least 14 bytes/);
  using kprobe = loadBody('tracepoint', returning(0));
  assert.throws(() => kprobe.testRun(), /cannot be run on test data/);
});

test('live frames are really processed', { skip: needsRoot }, () => {
  using map = createMap(counter);
  using program = loadBody('xdp', counting(1), { maps: { counter: map } });
  using lab = NetworkNamespace.createAnonymous();
  const { data } = lab.run(() =>
    program.testRun({ data: FRAME, repeat: 1000, liveFrames: true, batchSize: 64 }),
  );
  assert.equal(map.get(0), 1000n);
  assert.equal(data.length, 0);
});

test('maps are named by instructions and given at load', { skip: needsRoot }, () => {
  using map = createMap(counter);
  using program = loadBody('xdp', counting(2), { maps: { counter: map } });
  program.testRun({ data: FRAME, repeat: 5 });
  assert.equal(map.get(0), 5n);
  assert.deepEqual(program.info().mapIds, [map.info().id]);
  assert.throws(
    () => loadBody('xdp', counting(2)),
    (error: unknown) => {
      assert.ok(error instanceof WaggleError && error.code === 'NOT_FOUND');
      assert.match(error.message, /uses the map "counter", which was not given/);
      return true;
    },
  );
});

test('values of array maps are reached by address', { skip: needsRoot }, () => {
  const Pair = struct('pair', { first: u32, second: u32 });
  using map = createMap(arrayMap({ name: 'pair', value: Pair, maxEntries: 1 }));
  map.set(0, { first: 1, second: 7 });
  using program = loadBody('xdp', [loadMapValue(r1, 'pair', 4), load('u32', r0, r1, 0), exit()], {
    maps: { pair: map },
  });
  assert.equal(program.testRun({ data: FRAME }).result, 7);
});

test('functions and tail calls', { skip: needsRoot }, () => {
  using table = createMap(programArray({ name: 'table', maxEntries: 2 }));
  using callee = loadBody('xdp', returning(4));
  table.set(1, callee);
  assert.equal(table.get(1), callee.info().id);
  using caller = loadBody(
    'xdp',
    [
      loadMap(r2, 'table'),
      alu64.mov(r3, 1),
      callHelper(Helper.tailCall),
      callFunction('fallback'),
      exit(),
      label('fallback'),
      ...returning(3),
    ],
    { maps: { table } },
  );
  assert.equal(caller.testRun({ data: FRAME }).result, 4);
  table.delete(1);
  assert.equal(caller.testRun({ data: FRAME }).result, 3);
});

test('a rejected program shows the source line, the instruction and the reason', { skip: needsRoot }, () => {
  const origin = { file: 'count.bpf.ts', source: 'const x = ctx.nothing;', line: 12, column: 3 };
  const body = [
    at(alu64.mov(r0, 0), { ...origin, line: 11, source: 'let y;' }),
    at(load('u32', r2, r1, 100), origin),
    exit(),
  ];
  const spec = specOf('xdp', body, { name: 'broken' });
  assert.throws(
    () => loadProgram(spec),
    (error: unknown) => {
      assert.ok(error instanceof VerifierError);
      assert.equal(error.code, 'VERIFIER_REJECTED');
      assert.equal(error.summary.reason, 'invalid bpf_context access off=100 size=4');
      assert.match(error.message, /^verify program "broken": EACCES \(refused by the verifier\)/);
      assert.match(error.message, /count\.bpf\.ts:12:3: const x = ctx\.nothing;/);
      assert.match(error.message, /1: \(61\) r2 = \*\(u32 \*\)\(r1 \+100\)/);
      assert.match(error.log, /processed \d+ insns/);
      assert.equal(error.message.split('\n').length, 5, 'the log itself stays out of the message');
      return true;
    },
  );
});

test('a log longer than the first buffer is read whole', { skip: needsRoot }, () => {
  const steps = Array.from({ length: 3000 }, (_, index) => alu64.mov(r2, index));
  assert.throws(
    () => loadBody('xdp', [...steps, load('u32', r3, r1, 999), exit()]),
    (error: unknown) => {
      assert.ok(error instanceof VerifierError);
      assert.ok(error.log.length > 65_536, `${error.log.length}`);
      assert.match(error.log, /^(func#0 @0\n)?.*0: R1=ctx\(\)/s);
      assert.match(error.summary.reason, /off=999/);
      return true;
    },
  );
});

test('the log of an accepted program is there on demand', { skip: needsRoot }, () => {
  let log = '';
  using program = loadBody('xdp', returning(2), {
    onLog: (text) => {
      log = text;
    },
  });
  assert.ok(!program.closed);
  assert.match(log, /0: \(b7\) r0 = 2/);
});

test('dumps are what bpftool prints', { skip: needsRoot || (!bpftool && 'needs bpftool') }, () => {
  using map = createMap(counter);
  const origin = { file: 'a.bpf.ts', source: 'return Xdp.Pass;', line: 3, column: 1 };
  const [first, ...rest] = counting(2);
  assert.ok(first && 'opcode' in first);
  using program = loadProgram(specOf('xdp', [at(first, origin), ...rest], { name: 'dumped' }), {
    maps: { counter: map },
  });
  const info = program.info();
  const tool = (...words: string[]) => execFileSync(bpftool ?? '', words, { encoding: 'utf8' });

  const shown = JSON.parse(tool('-j', 'prog', 'show', 'id', String(info.id)));
  assert.equal(shown.tag, info.tag);
  assert.equal(shown.name, 'dumped');
  assert.equal(shown.bytes_xlated, program.translated().length);
  assert.equal(shown.bytes_jited ?? 0, program.jited().length);
  assert.deepEqual(shown.map_ids, info.mapIds);
  const listing = tool('prog', 'dump', 'xlated', 'id', String(info.id), 'linum');
  assert.match(listing, /return Xdp\.Pass; \[file:a\.bpf\.ts line_num:3 line_col:1\]/);
  const file = join(tmpdir(), `waggle-dump-${process.pid}`);
  try {
    tool('prog', 'dump', 'xlated', 'id', String(info.id), 'file', file);
    assert.deepEqual(new Uint8Array(readFileSync(file)), program.translated());
  } finally {
    rmSync(file, { force: true });
  }
  assert.match(tool('map', 'dump', 'id', String(map.info().id)), /"value": 0/);
});

test('pins and ids lead back to the program', { skip: needsRoot }, async () => {
  await withBpffs((path) => {
    using program = loadBody('xdp', returning(3));
    program.pin(`${path}/program`);
    using pinned = Program.openPinned(`${path}/program`);
    assert.equal(pinned.info().id, program.info().id);
    assert.equal(pinned.name, 'test');
    using byId = Program.openById(program.info().id);
    assert.equal(byId.testRun({ data: FRAME }).result, 3);
    assert.ok(Program.ids().includes(program.info().id));
  });
});

test('runs are counted while statistics are on', { skip: needsRoot }, () => {
  using program = loadBody('xdp', returning(2));
  program.testRun({ data: FRAME, repeat: 10 });
  assert.equal(program.info().runCount, 0n);
  using _on = enableStatistics();
  program.testRun({ data: FRAME, repeat: 10 });
  const { runCount, runTime } = program.info();
  assert.equal(runCount, 10n);
  assert.ok(runTime > 0n);
});

test('a bound map lives as long as the program', { skip: needsRoot }, () => {
  using program = loadBody('xdp', returning(2));
  using map = createMap(counter);
  program.bindMap(map);
  assert.deepEqual(program.info().mapIds, [map.info().id]);
});

test('a closed program says so', { skip: needsRoot }, () => {
  const program = loadBody('xdp', returning(2));
  program.close();
  assert.throws(() => program.testRun({ data: FRAME }), /program "test" is closed/);
  assert.throws(() => program.info(), /program "test" is closed/);
});

test('a tracing program for a target that does not exist', { skip: needsRoot }, () => {
  const spec = specOf('btfTracepoint', returning(0), { target: 'no_such_tracepoint' });
  assert.throws(() => loadProgram(spec), /this kernel has no btfTracepoint target "no_such_tracepoint"/);
  assert.throws(() => loadProgram(specOf('iterator', returning(0))), /of type iterator needs a target/);
});

test('verifier logs are summarised', () => {
  assert.deepEqual(summarizeVerifierLog(''), { reason: '', instruction: undefined, source: undefined });
  const old =
    "func#0 @0\n; int x = *p;\n5: (61) r0 = *(u32 *)(r0 +0)\nR0 invalid mem access 'map_value_or_null'\nprocessed 6 insns (limit 1000000)\n";
  assert.deepEqual(summarizeVerifierLog(old), {
    reason: "R0 invalid mem access 'map_value_or_null'",
    instruction: '5: (61) r0 = *(u32 *)(r0 +0)',
    source: { text: 'int x = *p;', place: undefined },
  });
  const unreachable = 'unreachable insn 2\nprocessed 0 insns\n';
  assert.deepEqual(summarizeVerifierLog(unreachable), {
    reason: 'unreachable insn 2',
    instruction: undefined,
    source: undefined,
  });
});

test('assembling the same program twice yields the same bytes', () => {
  assert.deepEqual(assemble(counting(2)), assemble(counting(2)));
});

/** Loads a program that takes the verifier some milliseconds; prints how many of 20 attempts succeeded. */
const LOADING = `import { alu64, assemble, exit, jump, label, r0, r1 } from '@waggle/compiler';
import { loadProgram } from '@waggle/kernel';
const code = assemble([alu64.mov(r0, 0), alu64.mov(r1, 0), label('again'), alu64.add(r1, 1), jump.less(r1, 20_000, 'again'), exit()]);
let loaded = 0;
for (let attempt = 0; attempt < 20; attempt++) {
  loadProgram({ type: 'socketFilter', name: 'long', code }).close();
  loaded++;
}
console.log(loaded);
`;

test('signals do not keep a program from being loaded', { skip: needsRoot }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-signals-'));
  try {
    // The profiler sends a signal every tenth of a millisecond.
    const profiler = ['--cpu-prof', '--cpu-prof-interval=100', `--cpu-prof-dir=${folder}`];
    const flags = [
      ...profiler,
      '--conditions=source',
      '--import',
      'tsx',
      '--input-type=module',
      '-e',
      LOADING,
    ];
    const { stdout, stderr } = spawnSync(process.execPath, flags, {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      encoding: 'utf8',
    });
    assert.equal(stdout.trim(), '20', stderr);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
