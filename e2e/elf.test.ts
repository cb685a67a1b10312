/**
 * Our objects in the hands of others: bpftool (libbpf) loads them and pins what it loaded, prints their BTF, and LLVM
 * reads their sections and relocations. Each knows the formats from somewhere else than we do.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  arrayMap,
  arrayOfMaps,
  be32,
  bloomFilter,
  hashMap,
  lpmTrie,
  perCpuArrayMap,
  programArray,
  queueMap,
  ringBuffer,
  socketStorage,
  stackTraceMap,
  struct,
  u32,
  u64,
} from '@waggle/bpf';
import {
  alu64,
  assemble,
  at,
  callFunction,
  callHelper,
  type ElfContents,
  exit,
  Helper,
  label,
  loadFunction,
  loadMap,
  r0,
  r1,
  r2,
  r3,
  r4,
  writeElf,
} from '@waggle/compiler';
import { openMap, Program } from '@waggle/kernel';
import { needsRoot, withBpffs } from '../packages/kernel/src/testing/lab.ts';
import { counting, FRAME, returning } from '../packages/kernel/src/testing/programs.ts';

const has = (command: string, ...args: string[]) => spawnSync(command, args).status === 0;
const noBpftool = has('bpftool', 'version') ? undefined : 'bpftool is not installed';
const noLlvm = has('llvm-readelf', '--version') ? undefined : 'LLVM is not installed';
const whenLoading = { skip: needsRoot || noBpftool || false };
const whenBpftool = { skip: noBpftool ?? false };
const whenLlvm = { skip: noLlvm ?? false };

const Traffic = struct('traffic', { packets: u64, bytes: u64 });
const Route = struct('route', { prefixLength: u32, address: be32 });
const counter = arrayMap({ value: u64, maxEntries: 1 });

/** Counts the packet, then returns what `answer` returns. */
const viaFunction = (value: number) => [
  ...counting(0).slice(0, -2),
  callFunction('answer'),
  exit(),
  label('answer'),
  callFunction('inner'),
  exit(),
  label('inner'),
  loadMap(r1, 'counter'),
  ...returning(value),
];

function run(command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  assert.equal(status, 0, `${command} ${args.join(' ')}\n${stdout}${stderr}`);
  return stdout;
}

/** Runs `body` with the object in a file. */
async function withObject(contents: ElfContents, body: (path: string) => unknown): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-elf-'));
  try {
    const path = join(folder, 'object.o');
    writeFileSync(path, writeElf(contents));
    await body(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Lets bpftool load the object's programs and maps; `body` finds them pinned in `programs` and `maps`. */
async function loaded(contents: ElfContents, body: (pins: { programs: string; maps: string }) => unknown) {
  await withObject(contents, (object) =>
    withBpffs((bpffs) => {
      const pins = { programs: join(bpffs, 'programs'), maps: join(bpffs, 'maps') };
      run('bpftool', 'prog', 'loadall', object, pins.programs, 'pinmaps', pins.maps);
      return body(pins);
    }),
  );
}

test('bpftool loads programs, their functions and the map they share', whenLoading, async () => {
  const programs = [
    { name: 'first', type: 'xdp', code: assemble(viaFunction(1)) },
    { name: 'second', type: 'xdp', code: assemble(viaFunction(2)) },
    { name: 'egress', type: 'tc', code: assemble(counting(3)) },
  ] as const;
  await loaded({ programs, maps: { counter } }, ({ programs: pins, maps }) => {
    for (const [name, result] of [
      ['first', 1],
      ['second', 2],
      ['egress', 3],
    ] as const) {
      using program = Program.openPinned(join(pins, name));
      assert.equal(program.info().name, name);
      assert.equal(program.testRun({ data: FRAME }).result, result);
    }
    using map = openMap({ pin: join(maps, 'counter') }, counter);
    assert.equal(map.get(0), 3n);
  });
});

test('the address of a function is that of its copy behind the program', whenLoading, async () => {
  const code = assemble([
    alu64.mov(r1, 5),
    loadFunction(r2, 'callback'),
    alu64.mov(r3, 0),
    alu64.mov(r4, 0),
    callHelper(Helper.loop),
    exit(),
    label('callback'),
    ...returning(0),
  ]);
  // A program before it, so that `.text` does not start with the function in question.
  const programs = [
    { name: 'before', type: 'xdp', code: assemble(viaFunction(1)) },
    { name: 'looping', type: 'xdp', code },
  ] as const;
  await loaded({ programs, maps: { counter } }, ({ programs: pins }) => {
    using program = Program.openPinned(join(pins, 'looping'));
    assert.equal(program.testRun({ data: FRAME }).result, 5, 'the helper returns how often it called');
  });
});

test('bpftool creates every kind of map as it is declared', whenLoading, async () => {
  const maps = {
    table: hashMap({ key: Route, value: Traffic, maxEntries: 7, preallocate: false }),
    percpu: perCpuArrayMap({ value: Traffic, maxEntries: 3 }),
    routes: lpmTrie({ key: Route, value: u32, maxEntries: 9 }),
    events: ringBuffer({ bytes: 8192 }),
    jumps: programArray({ maxEntries: 4 }),
    pending: queueMap({ value: Traffic, maxEntries: 5 }),
    seen: bloomFilter({ value: u32, maxEntries: 100, hashes: 3 }),
    stacks: stackTraceMap({ maxEntries: 16, depth: 10 }),
    perSocket: socketStorage({ value: u64 }),
    tables: arrayOfMaps({ inner: counter, maxEntries: 2 }),
    large: ringBuffer({ bytes: 2 ** 24 }),
  };
  const programs = [{ name: 'nothing', type: 'xdp', code: assemble(returning(2)) }] as const;
  await loaded({ programs, maps }, ({ maps: pins }) => {
    for (const [name, spec] of Object.entries(maps)) {
      using map = openMap({ pin: join(pins, name) }, spec);
      const { maxEntries, flags } = map.info();
      assert.equal(maxEntries, spec.maxEntries, name);
      assert.equal(flags, spec.flags, name);
    }
  });
});

test('the kernel keeps the names and the source lines', whenLoading, async () => {
  const origin = { file: 'count.bpf.ts', source: 'return Xdp.Pass;', line: 7, column: 3 };
  const helper = { file: 'answer.ts', source: 'return 2;', line: 1, column: 1 };
  const code = assemble([
    at(callFunction('answer'), origin),
    exit(),
    label('answer'),
    at(alu64.mov(r0, 2), helper),
    exit(),
  ]);
  await loaded({ programs: [{ name: 'count', type: 'xdp', code }] }, ({ programs: pins }) => {
    const dump = run('bpftool', 'prog', 'dump', 'xlated', 'pinned', join(pins, 'count'), 'linum');
    assert.match(
      dump,
      /int count\(void \*\s?context\):\n; return Xdp\.Pass; \[file:count\.bpf\.ts line_num:7 line_col:3\]/,
    );
    assert.match(dump, /int answer\(\):\n; return 2; \[file:answer\.ts line_num:1 line_col:1\]/);
  });
});

test('bpftool prints the types of the maps', whenBpftool, async () => {
  const maps = { table: hashMap({ key: Route, value: Traffic, maxEntries: 7 }) };
  await withObject({ programs: [], maps }, (object) => {
    const c = run('bpftool', 'btf', 'dump', 'file', object, 'format', 'c');
    assert.match(c, /struct traffic \{\n\t__u64 packets;\n\t__u64 bytes;\n\};/);
    const raw = run('bpftool', 'btf', 'dump', 'file', object);
    assert.match(raw, /DATASEC '\.maps' size=32 vlen=1\n\ttype_id=\d+ offset=0 size=32 \(VAR 'table'\)/);
  });
});

test('LLVM reads sections, symbols and relocations', whenLlvm, async () => {
  const programs = [
    { name: 'first', type: 'xdp', code: assemble(viaFunction(1)), license: 'Dual MIT/GPL' },
    { name: 'connect', type: 'cgroupConnect4', code: assemble(counting(1)), license: 'Dual MIT/GPL' },
    {
      name: 'traced',
      type: 'kprobe',
      target: 'tcp_connect',
      code: assemble(returning(0)),
      license: 'Dual MIT/GPL',
    },
  ] as const;
  await withObject({ programs, maps: { counter } }, (object) => {
    const elf = run('llvm-readelf', '--all', '--wide', object);
    for (const section of ['.text', 'xdp', 'cgroup/connect4', 'kprobe/tcp_connect', '.maps', 'license']) {
      assert.match(elf, new RegExp(`\\] ${section.replace('.', '\\.')} +PROGBITS`), section);
    }
    assert.match(elf, /FUNC +GLOBAL DEFAULT +\d+ connect$/m);
    assert.match(elf, /FUNC +LOCAL +DEFAULT +\d+ inner$/m);
    assert.match(elf, /OBJECT +GLOBAL DEFAULT +\d+ counter$/m);
    assert.match(elf, /section '\.relxdp'[\s\S]*?R_BPF_64_64[^\n]*counter\n[^\n]*R_BPF_64_32[^\n]*\.text/);
    assert.match(elf, /section '\.rel\.text'[\s\S]*?R_BPF_64_64[^\n]*counter/);
    assert.doesNotMatch(elf, /warning|error/i);
    const text = run('llvm-objdump', '--disassemble', '--reloc', object);
    assert.match(text, /<first>:[\s\S]*call -?\d+\n[^\n]*R_BPF_64_32\s+\.text/);
    assert.match(text, /<answer>:\n[^\n]*call 1\n/);
    assert.match(run('llvm-readelf', '--string-dump=license', object), /\] Dual MIT\/GPL\n/);
  });
});
