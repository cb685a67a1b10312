import { createMap, type LoadedProgram, loadDeclared, type Program, parseMac } from '@waggle/kernel';
import { benchmark } from './support/benchmark.ts';
import { compare } from './support/measure.ts';

await import('@waggle/compiler/register');
const { endpoints, fromEndpoint, policies, policy, policyKey, policyValue } = await import(
  '@waggle/datapath'
);
const { nothing, start, underTest } = await import('./support/replay.bpf.ts');

const ROUNDS = 9;
const REPEAT = 200_000;
const SENDER = '10.0.0.1';
const MAPPED = 0xffff;
const [OWN, OTHER, OUTSIDE] = [0x0a000001, 0x0a000002, 0xc6336402];
const OPEN = {
  identity: 0,
  protocol: 0,
  port: 0,
  portPrefix: 0,
  action: 'allow',
  audit: false,
} as const;

/** A TCP segment from the endpoint, 60 bytes of IPv4. */
function segment(destination: number): Uint8Array {
  const packet = new Uint8Array(74);
  const view = new DataView(packet.buffer);
  packet.set([2, 0x77, 0x61, 0x67, 0x67, 1, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 60, 0, 0, 0, 0, 64, 6]);
  view.setUint32(26, OWN);
  view.setUint32(30, destination);
  view.setUint16(36, 80);
  packet.set([0x50, 0x10], 46);
  return packet;
}

/** The program of an endpoint beside another one, both open. */
function load(): LoadedProgram {
  const config = {
    endpoint: {
      interface: 1,
      ipv4: OWN,
      ipv6Word0: 0,
      ipv6Word1: 0,
      ipv6Word2: 0,
      ipv6Word3: 0,
      gatewayHigh: 0x02776167,
      gatewayLow: 0x6701,
    },
  };
  const loaded = loadDeclared(fromEndpoint, { config });
  for (const [address, identity] of [
    [OWN, 300],
    [OTHER, 301],
  ] as const) {
    const key = { words: [0, 0, MAPPED, address] };
    const mac = parseMac('02:00:00:00:00:02');
    loaded.map(endpoints).set(key, { interface: 1, identity, mac, gatewayMac: mac });
    using inner = createMap(policy);
    for (const direction of ['ingress', 'egress'] as const) {
      inner.set(policyKey({ ...OPEN, direction }), policyValue({ ...OPEN, direction }, { cookie: 1 }));
    }
    loaded.map(policies).set({ identity, set: 0 }, inner);
  }
  return loaded;
}

/** Nanoseconds that a program takes for each of so many flows, without what it takes to restore the packet. */
function costOf(program: Program, destination: number, flows: number): number {
  const config = { replay: { flows: flows - 1, destination, checksum: 0 } };
  using first = loadDeclared(start, { config });
  using empty = loadDeclared(nothing);
  const data = segment(destination);
  const run = (target: Program): number => {
    first.map(underTest).set(0, target);
    return first.program.testRun({ data, repeat: REPEAT }).duration;
  };
  return compare(ROUNDS, () => run(program) - run(empty.program)).ours;
}

await benchmark(
  {
    name: 'datapath',
    about: `A TCP segment that an endpoint (${SENDER}) sends: CPU time of its program by BPF_PROG_TEST_RUN, medians of
      ${ROUNDS} rounds of ${REPEAT}, without what restoring the packet takes.`,
  },
  ({ row }) => {
    using loaded = load();
    for (const [what, destination, flows, goal] of [
      ['established, same host, both policies: 1 flow', OTHER, 1, 100],
      ['established, same host, both policies: 65,536 flows', OTHER, 65_536, 350],
      ['established, to the stack: 1 flow', OUTSIDE, 1, 100],
      ['established, to the stack: 65,536 flows', OUTSIDE, 65_536, undefined],
      ['first packet of a connection, to the stack', OUTSIDE, 2 ** 32, 1500],
    ] as const) {
      const ours = costOf(loaded.program, destination, flows);
      row({ what, ours, unit: 'time', ...(goal !== undefined && { goal: { atMost: goal } }) });
    }
  },
);
