/**
 * The load balancer of the examples, compiled and run twice on the same packets: by the interpreter and by the kernel. Both
 * give the same verdicts and packets, whose checksums are right.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as bpf from '@waggle/bpf';
import { Xdp } from '@waggle/bpf';
import { type Code, generate, Machine, optimize, specialize, xdpContext } from '@waggle/compiler';
import { createMap, loadProgram } from '@waggle/kernel';
import fc from 'fast-check';
import * as balancer from '../examples/l4-balancer/balancer.bpf.ts';
import { formatDiagnostic, lowerProgram } from '../packages/compiler/src/frontend/index.ts';

const path = 'examples/l4-balancer/balancer.bpf.ts';
const text = readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const scope = { ...bpf, ...balancer };
const module = { path, text, scope: () => scope, resolve: () => undefined };

const VIP = 0x0a00_0001;
const backends = [0xc0a8_0001, 0xc0a8_0002, 0xc0a8_0003];
const TCP = { address: VIP, port: 80, protocol: 6 };
const UDP = { address: VIP, port: 53, protocol: 17 };

function compiled(udp: boolean, optimised = true): Code {
  const { program, diagnostics } = lowerProgram(module, 'balance');
  assert.deepEqual(diagnostics.map(formatDiagnostic), []);
  assert.ok(program);
  const ir = specialize(program.ir, new Map([['settings', { udp }]]));
  return generate(optimised ? optimize(ir) : ir);
}

/** A machine with the program in it, and three backends of two services. */
function simulated(udp: boolean, optimised = true) {
  const { services, backends: table, traffic } = balancer;
  const machine = new Machine({
    code: compiled(udp, optimised),
    maps: { services, backends: table, traffic },
  });
  fill(machine.maps.services, machine.maps.backends);
  return machine;
}

interface Table<K, V> {
  set(key: K, value: V): unknown;
}
type ServiceKey = bpf.Infer<typeof balancer.ServiceKey>;

function fill(
  services: Table<ServiceKey, bpf.Infer<typeof balancer.Service>>,
  table: Table<number, bpf.Infer<typeof balancer.Backend>>,
): void {
  services.set(TCP, { count: backends.length, first: 100 });
  services.set(UDP, { count: 1, first: 102 });
  for (const [index, address] of backends.entries()) table.set(100 + index, { address, port: 8080 });
}

/** The ones' complement sum of 16 bit words, which is 0xffff over a header with its checksum (RFC 1071). */
function sum(bytes: Uint8Array): number {
  let total = 0;
  for (let at = 0; at + 1 < bytes.length; at += 2) total += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

interface Flow {
  readonly protocol: number;
  readonly source: number;
  readonly destination: number;
  readonly ports: readonly [number, number];
  readonly options: number;
}

/** An Ethernet frame with an IPv4 packet, its header checksum right. */
function frame({ protocol, source, destination, ports, options }: Flow): Uint8Array {
  const length = 20 + options * 4;
  const bytes = new Uint8Array(14 + length + 24);
  const view = new DataView(bytes.buffer);
  view.setUint16(12, 0x0800);
  view.setUint8(14, 0x40 | (length / 4));
  view.setUint16(16, bytes.length - 14);
  view.setUint8(22, 64);
  view.setUint8(23, protocol);
  view.setUint32(26, source);
  view.setUint32(30, destination);
  view.setUint16(24, ~sum(bytes.subarray(14, 14 + length)) & 0xffff);
  view.setUint16(14 + length, ports[0]);
  view.setUint16(16 + length, ports[1]);
  return bytes;
}

const flow: fc.Arbitrary<Flow> = fc.record({
  protocol: fc.constantFrom(6, 6, 17, 1),
  source: fc.nat(0xffff_ffff),
  destination: fc.constantFrom(VIP, VIP, 0x0a00_0002),
  ports: fc.tuple(fc.nat(0xffff), fc.constantFrom(80, 80, 53, 443)),
  options: fc.nat(10),
});
/** A frame, perhaps with a byte changed or its end cut off. */
const packet = fc
  .tuple(flow, fc.option(fc.tuple(fc.nat(40), fc.nat(255))), fc.option(fc.integer({ min: 14, max: 60 })))
  .map(([each, change, length]) => {
    const bytes = frame(each);
    if (change) bytes[change[0]] = change[1];
    return length === null ? bytes : bytes.slice(0, length);
  });

function simulate(machine: ReturnType<typeof simulated>, bytes: Uint8Array) {
  const context = xdpContext(Uint8Array.from(bytes));
  const { result } = machine.run(context);
  return { result, data: Uint8Array.from(context.packet.bytes) };
}

test('a packet to a service leaves to one of its backends, with a right checksum', () => {
  const machine = simulated(true);
  const chosen = new Set<number>();
  fc.assert(
    fc.property(flow, (each) => {
      const served =
        each.destination === VIP &&
        ((each.protocol === 6 && each.ports[1] === 80) || (each.protocol === 17 && each.ports[1] === 53));
      const { result, data } = simulate(machine, frame(each));
      assert.equal(result, served ? Xdp.Tx : Xdp.Pass);
      if (!served) return assert.deepEqual(data, frame(each));
      const view = new DataView(data.buffer);
      const address = view.getUint32(30);
      chosen.add(address);
      assert.ok(backends.includes(address));
      assert.equal(view.getUint16(14 + 20 + each.options * 4 + 2), 8080);
      assert.equal(sum(data.subarray(14, 34 + each.options * 4)), 0xffff);
      assert.deepEqual(simulate(machine, frame(each)).data, data);
    }),
  );
  assert.equal(chosen.size, backends.length);
});

test('config decides at load time, and passes change nothing but the code', () => {
  const flows = frame({ protocol: 17, source: 1, destination: VIP, ports: [9, 53], options: 0 });
  assert.equal(simulate(simulated(true), flows).result, Xdp.Tx);
  assert.equal(simulate(simulated(false), flows).result, Xdp.Pass);
  assert.ok(compiled(false).bytes.length < compiled(true).bytes.length);
  const [plain, optimised] = [simulated(true, false), simulated(true)];
  fc.assert(
    fc.property(packet, (bytes) => assert.deepEqual(simulate(plain, bytes), simulate(optimised, bytes))),
  );
});

const needsRoot = process.getuid?.() === 0 ? false : 'needs root, to load programs';

test('the kernel does the same', { skip: needsRoot }, () => {
  using services = createMap(balancer.services);
  using table = createMap(balancer.backends);
  using traffic = createMap(balancer.traffic);
  fill(services, table);
  const maps = { services, backends: table, traffic };
  using program = loadProgram(
    { type: 'xdp', name: 'balance', code: compiled(true), license: 'Apache-2.0' },
    { maps },
  );
  const machine = simulated(true);
  let sent = 0;
  fc.assert(
    fc.property(packet, (bytes) => {
      const { result, data } = program.testRun({ data: bytes });
      if (result === Xdp.Tx) sent++;
      assert.deepEqual({ result, data: Uint8Array.from(data) }, simulate(machine, bytes));
    }),
    { numRuns: 500 },
  );
  const seen = traffic.get(0) ?? [];
  assert.equal(
    seen.reduce((total, { packets }) => total + packets, 0n),
    BigInt(sent),
  );
  assert.ok(sent > 10);
});
