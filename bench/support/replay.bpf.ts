/**
 * Restores the packet that a program under test has changed, makes it one of the next flow, and goes on with that program: so
 * that BPF_PROG_TEST_RUN can repeat programs that rewrite packets.
 */
import {
  be16,
  be32,
  config,
  Ethernet,
  hton16,
  hton32,
  Ipv4,
  Ports,
  perCpuArrayMap,
  programArray,
  struct,
  Tc,
  tc,
  u16,
  u32,
} from '@waggle/bpf';

export const Counter = struct('counter', { packets: u32 });
export const counters = perCpuArrayMap({ name: 'counters', value: Counter, maxEntries: 1 });
/** The program under test, in slot 0. */
export const underTest = programArray({ name: 'under_test', maxEntries: 1 });
export const replay = config({
  /** Flows differ in these bits of a number: the lower half is the source port, the upper half part of the destination. */
  flows: u32,
  destination: be32,
  /** Of the packet as it was. */
  checksum: be16,
});

export const start = tc((ctx) => {
  const ip = ctx.at(Ipv4, Ethernet.size);
  const ports = ctx.at(Ports, Ethernet.size + Ipv4.size);
  const counter = counters.lookup(0);
  if (!ip || !ports || !counter) return Tc.Shot;
  counter.packets += 1;
  const flow = counter.packets & replay.flows;
  ip.timeToLive = 64;
  ip.checksum = replay.checksum;
  ip.destination = hton32(u32(replay.destination) ^ (flow >>> 16));
  ports.source = hton16(u16(flow & 0xffff));
  underTest.tailCall(ctx, 0);
  return Tc.Shot;
});

/** What the start costs by itself. */
export const nothing = tc(() => Tc.Ok);
