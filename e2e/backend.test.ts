/**
 * The back end and the kernel: the verifier accepts what is generated, and it does what the IR means. Random programs, and
 * the golden ones, run by BPF_PROG_TEST_RUN beside the interpreter and an evaluation of the IR itself.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  arrayMap,
  bytes,
  hashMap,
  perCpuArrayMap,
  programArray,
  ringBuffer,
  struct,
  u16,
  u32,
  u64,
} from '@waggle/bpf';
import { generate, type IrProgram, Machine, parseIr, xdpContext } from '@waggle/compiler';
import { createMap, type LoadOptions, loadProgram, type Program } from '@waggle/kernel';
import fc from 'fast-check';
import { evaluate } from '../packages/compiler/src/ir/testing/evaluate.ts';
import { commands, PACKET_SIZE, programOf } from '../packages/compiler/src/ir/testing/random-program.ts';

const needsRoot = process.getuid?.() === 0 ? false : 'needs root, to load programs';

const returning = (text: string): IrProgram =>
  parseIr(`program xdp\nfunction main(%0: context): i32\nb0:\n${text}`);

/** Why not to run here what uses signed division and sign extension. */
function lacksVersion4(): string | false {
  const program = returning('%1: i32 = load u32 %0 +12\n%2: i32 = signedDiv %1 %1\nreturn %2');
  try {
    loadProgram({ type: 'xdp', name: 'probe', code: generate(program, { cpu: 4 }) }).close();
    return false;
  } catch {
    return 'needs a kernel that knows cpu v4 (Linux 6.6)';
  }
}

const skip = needsRoot || lacksVersion4();
const folder = new URL('../packages/compiler/src/backend/golden/', import.meta.url);
const golden = (name: string): IrProgram =>
  parseIr(readFileSync(new URL(`${name}.txt`, folder), 'utf8').split(/^===/m)[0] ?? '');

const load = (program: IrProgram, maps: LoadOptions['maps'] = {}, cpu: 3 | 4 = 4): Program =>
  loadProgram({ type: program.type, name: 'backend', code: generate(program, { cpu }) }, { maps });

test('random programs are accepted and do what the IR means', { skip }, () => {
  const packets = fc.uint8Array({ minLength: PACKET_SIZE - 8, maxLength: PACKET_SIZE + 32 });
  fc.assert(
    fc.property(commands, packets, fc.constantFrom(3 as const, 4 as const), (list, packet, cpu) => {
      const program = programOf(list);
      using loaded = load(program, {}, cpu);
      const expected = packet.slice();
      const result = evaluate(program, { packet: expected, helpers: { 5: () => 0n } });
      const run = loaded.testRun({ data: packet });
      assert.equal(BigInt(run.result), result);
      assert.deepEqual(Buffer.from(run.data), Buffer.from(expected));
    }),
    { numRuns: 40 },
  );
});

/** An Ethernet frame with an IPv4 header of `words` words and two ports. */
function ipv4Frame(protocol: number, destination: number, port: number, words = 5): Uint8Array {
  const frame = new Uint8Array(14 + words * 4 + 8);
  const view = new DataView(frame.buffer);
  view.setUint16(12, 0x800);
  view.setUint8(14, 0x40 | words);
  view.setUint8(23, protocol);
  view.setUint32(26, 0x0a00_0001);
  view.setUint32(30, destination);
  view.setUint16(14 + words * 4, 40_000 + words);
  view.setUint16(16 + words * 4, port);
  return frame;
}

test('the load balancer rewrites packets as the IR says, and counts them', { skip }, () => {
  const Backend = struct('backend', { address: u32, port: u16 });
  const Service = struct('service', { count: u32, first: u32 });
  const specs = {
    services: hashMap({ key: bytes(8), value: Service, maxEntries: 4 }),
    backends: hashMap({ key: u32, value: Backend, maxEntries: 8 }),
    traffic: perCpuArrayMap({ value: u64, maxEntries: 1 }),
  };
  using services = createMap(specs.services, { name: 'services' });
  using backends = createMap(specs.backends, { name: 'backends' });
  using traffic = createMap(specs.traffic, { name: 'traffic' });
  const program = golden('load-balancer');
  using loaded = load(program, { services, backends, traffic });
  const machine = new Machine({ code: generate(program), maps: specs });

  const key = Uint8Array.of(10, 0, 0, 2, 0, 80, 6, 0);
  const entry = { count: 3, first: 100 };
  services.set(key, entry);
  machine.maps.services.set(key, entry);
  for (const [index, address] of [0x0a010101, 0x0a010102].entries()) {
    backends.set(100 + index, { address, port: 8080 });
    machine.maps.backends.set(100 + index, { address, port: 8080 });
  }
  const words = fc.integer({ min: 5, max: 15 });
  const frames = fc
    .tuple(
      fc.constantFrom(6, 6, 17, 1),
      fc.constantFrom(0x0a000002, 0x0a000003),
      fc.constantFrom(80, 81),
      words,
    )
    .map((values) => ipv4Frame(...values));
  const mutations = fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 1 });
  const seen = new Set<number>();
  fc.assert(
    fc.property(frames, mutations, fc.nat(60), (frame, changes, missing) => {
      for (const [at, value] of changes) frame[at % frame.length] = value;
      const packet = missing < 30 ? frame : frame.subarray(0, Math.max(14, frame.length - missing + 30));
      const inMachine = xdpContext(packet.slice());
      const { result } = machine.run(inMachine);
      const run = loaded.testRun({ data: packet });
      assert.equal(run.result, result);
      assert.deepEqual(Buffer.from(run.data), Buffer.from(inMachine.packet.bytes));
      seen.add(result);
    }),
    { numRuns: 300 },
  );
  assert.deepEqual([...seen].sort(), [1, 2, 3]);
  const count = (traffic.get(0) ?? []).reduce((sum, each) => sum + each, 0n);
  assert.ok(count > 0n);
  assert.deepEqual([count], machine.maps.traffic.get(0));
});

test('a loop sums the packet', { skip }, () => {
  const packet = Uint8Array.from({ length: 40 }, (_, index) => index * 3);
  for (const cpu of [3, 4] as const) {
    using loaded = load(golden('loop'), {}, cpu);
    assert.equal(loaded.testRun({ data: packet }).result, (31 * 32 * 3) / 2);
    assert.equal(loaded.testRun({ data: packet.subarray(0, 31) }).result, 0);
  }
});

test('a record goes through a ring buffer', { skip }, () => {
  const Event = struct('event', { time: u64, interface: u32, tag: u32 });
  using events = createMap(ringBuffer({ name: 'events', bytes: 4096, record: Event }));
  using loaded = load(golden('ring-buffer'), { events });
  assert.equal(loaded.testRun({ data: new Uint8Array(14) }).result, 2);
  const tags: number[] = [];
  using reader = events.read(({ tag }) => tags.push(tag), { manual: true });
  reader.poll();
  assert.deepEqual(tags, [7]);
});

test('functions are called, and another program takes over', { skip }, () => {
  using programs = createMap(programArray({ name: 'programs', maxEntries: 4 }));
  using loaded = load(golden('calls'), { programs });
  const packet = new Uint8Array(60);
  const mix = (a: bigint, b: bigint): bigint => BigInt.asIntN(64, a - b) >> 7n;
  const expected = mix(mix(60n, 1_234_605_616_436_508_552n), 60n);
  assert.equal(loaded.testRun({ data: packet }).result, Number(BigInt.asUintN(32, expected)));
  using next = load(
    parseIr('program tc\nfunction main(%0: context): i32\nb0:\n%1: i32 = const 77\nreturn %1'),
  );
  programs.set(3, next);
  assert.equal(loaded.testRun({ data: packet }).result, 77);
});

test('atomic operations return what was there before', { skip }, () => {
  using counters = createMap(arrayMap({ name: 'counters', value: bytes(32), maxEntries: 1 }));
  counters.set(
    0,
    Uint8Array.from({ length: 32 }, (_, index) => (index % 8 === 0 ? index : 0)),
  );
  using loaded = load(golden('atomics'), { counters });
  // 8 += 1; 16 += 1 yields 16; 24 is not 16, stays, and is yielded.
  assert.equal(loaded.testRun({ data: new Uint8Array(14) }).result, 16 + 24);
  const after = Buffer.from(counters.get(0) ?? []);
  assert.deepEqual(
    [8, 16, 24].map((at) => after.readBigUInt64LE(at)),
    [9n, 17n, 24n],
  );
});

test('the other golden programs are accepted by the verifier', { skip }, () => {
  const table = createMap(arrayMap({ name: 'table', value: bytes(70_016), maxEntries: 1 }));
  const small = { key: bytes(12), value: u64, maxEntries: 1 };
  const first = createMap(hashMap(small), { name: 'first' });
  const second = createMap(hashMap({ ...small, key: u64, value: bytes(16) }), { name: 'second' });
  const counters = createMap(hashMap({ ...small, key: u32 }), { name: 'counters' });
  const maps = { table, first, second, counters };
  try {
    for (const name of [
      'exchange',
      'null-as-value',
      'stack',
      'wide-offsets',
      'tests',
      'immediates',
      'signed',
      'forgotten-halves',
    ]) {
      for (const cpu of [3, 4] as const) load(golden(name), maps, cpu).close();
    }
  } finally {
    for (const map of Object.values(maps)) map.close();
  }
});

test('spilled pointers keep what the verifier knows of them', { skip }, () => {
  // Eight checked pointers across a call that four registers survive, read afterwards.
  const places = Array.from({ length: 8 }, (_, index) => index);
  const each = (line: (at: number) => string): string => places.map(line).join('\n');
  const program = parseIr(`program xdp
    function main(%0: context): i32
    b0:
      %1: packet? = packetAt %0 +0 size 8
      %2: packet? = const 0
      %3: i32 = const 0
      %4: i64 = const 31
      branch equal %1 %2 ? b1 : b10
    b1:
      return %3
    ${each(
      (at) => `b${10 + at}:
      %${10 + at}: i32 = load u8 %1 +${at}
      %${20 + at}: i64 = zeroExtend %${10 + at}
      %${30 + at}: i64 = and %${20 + at} %4
      %${40 + at}: packet? = packetAt %0 %${30 + at} +32 size 1
      branch equal %${40 + at} %2 ? b1 : b${11 + at}`,
    )}
    b18:
      callHelper ktime_get_ns
      ${each((at) => `%${50 + at}: i32 = load u8 %${40 + at} +0`)}
      ${each((at) => `%${60 + at}: i32 = add %${at === 0 ? 3 : 59 + at} %${50 + at}`)}
      return %67`);
  const packet = Uint8Array.from({ length: 64 }, (_, index) => (index * 37) & 255);
  const expected = evaluate(program, { packet, helpers: { 5: () => 0n } });
  using loaded = load(program);
  assert.equal(BigInt(loaded.testRun({ data: packet }).result), expected);
});
