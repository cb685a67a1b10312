/** The program of an endpoint by itself, and what a packet costs there: by BPF_PROG_TEST_RUN, with the packet restored each time. */
import type { MonitoringOptions } from '@waggle/datapath';
import { createMap, type LoadedProgram, loadDeclared, type Program, parseMac } from '@waggle/kernel';
import { ANYTHING } from '../../e2e/support/anything.ts';

await import('@waggle/compiler/register');
const {
  anyPacket,
  connections4,
  endpoints,
  events,
  fromEndpoint,
  monitoringConfig,
  ProgramIndex,
  programs,
  policies,
  policy,
  policyKey,
  policyValue,
} = await import('@waggle/datapath');
const { nothing, start, underTest } = await import('./replay.bpf.ts');

export const SENDER = '10.0.0.1';
const MAPPED = 0xffff;
/** Where packets of BPF_PROG_TEST_RUN come from. */
const LOOPBACK = 1;
/** Where packets come from, and the port that they go to. */
export const OWN = 0x0a000001;
export const PORT = 80;
/** Where packets go: another endpoint of this host, and the world. */
export const [OTHER, OUTSIDE] = [0x0a000002, 0xc6336402];

/** A TCP segment from the endpoint, 60 bytes of IPv4. */
export function segment(destination: number): Uint8Array {
  const packet = new Uint8Array(74);
  const view = new DataView(packet.buffer);
  packet.set([2, 0x77, 0x61, 0x67, 0x67, 1, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 60, 0, 0, 0, 0, 64, 6]);
  view.setUint32(26, OWN);
  view.setUint32(30, destination);
  view.setUint16(36, PORT);
  packet.set([0x50, 0x10], 46);
  return packet;
}

/** The program of an endpoint, and the one that it goes on in, which has all maps. */
export interface EndpointUnderTest extends Disposable {
  readonly program: Program;
  readonly others: LoadedProgram;
}

/** The program of an endpoint beside another one, both open. */
export function loadEndpoint(monitoring: MonitoringOptions): EndpointUnderTest {
  const config = { monitoring: monitoringConfig(monitoring) };
  const others = loadDeclared(anyPacket, { config });
  const own = loadDeclared(fromEndpoint, { config, maps: others.maps });
  own.map(programs).set(ProgramIndex.AnyPacket, others.program);
  for (const [address, identity] of [
    [OWN, 300],
    [OTHER, 301],
  ] as const) {
    const key = { words: [0, 0, MAPPED, address] };
    others.map(endpoints).set(key, { interface: LOOPBACK, identity, mac: parseMac('02:00:00:00:00:02') });
    using inner = createMap(policy);
    for (const entry of ANYTHING) inner.set(policyKey(entry), policyValue(entry, { cookie: 1 }));
    others.map(policies).set({ identity, set: 0 }, inner);
  }
  const close = (): void => {
    own.close();
    others.close();
  };
  return { program: own.program, others, [Symbol.dispose]: close };
}

/** Packets that are sent through a program. */
export interface Replay {
  readonly destination: number;
  /** A power of two. */
  readonly flows: number;
  readonly repeat: number;
}

/** Nanoseconds that a program takes for each packet, without what it takes to restore it. */
export function costOf(program: Program, { destination, flows, repeat }: Replay): number {
  const config = { replay: { flows: flows - 1, destination, checksum: 0 } };
  using first = loadDeclared(start, { config });
  using empty = loadDeclared(nothing);
  const data = segment(destination);
  const run = (target: Program): number => {
    first.map(underTest).set(0, target);
    return first.program.testRun({ data, repeat }).duration;
  };
  return run(program) - run(empty.program);
}

/** Connections that are begun in one round: the buffer has room for all events about them. */
const BEGUN = 16_384;

/** The same for the first packet of a connection to the world, with the events about it; user space has read those before. */
export function costOfFirst({ program, others }: EndpointUnderTest): number {
  others.map(connections4).clear();
  const cost = costOf(program, { destination: OUTSIDE, flows: 2 * BEGUN, repeat: BEGUN });
  drain(others);
  return cost;
}

function drain(loaded: LoadedProgram): void {
  if (!('events' in loaded.maps)) return;
  using reader = loaded.map(events).read(() => {}, { manual: true });
  while (reader.poll() > 0);
}
