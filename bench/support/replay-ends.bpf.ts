/** Like replay.bpf.ts, for programs that replace addresses and ports: restores both ends of a TCP segment, of one flow after the other. */
import {
  be16,
  be32,
  bool,
  config,
  Ethernet,
  hton32,
  Ipv4,
  ntoh32,
  Ports,
  perCpuArrayMap,
  programArray,
  struct,
  Tc,
  tc,
  u32,
} from '@waggle/bpf';

export const Turn = struct('turn', { packets: u32 });
export const turns = perCpuArrayMap({ name: 'turns', value: Turn, maxEntries: 1 });
/** The program under test, in slot 0. */
export const tested = programArray({ name: 'tested', maxEntries: 1 });
export const ends = config({
  source: be32,
  destination: be32,
  sourcePort: be16,
  destinationPort: be16,
  /** Whether flows differ by their source. */
  isIncoming: bool,
  /** In these bits. */
  flows: u32,
});

export const begin = tc((ctx) => {
  const ip = ctx.at(Ipv4, Ethernet.size);
  const ports = ctx.at(Ports, Ethernet.size + Ipv4.size);
  const turn = turns.lookup(0);
  if (!ip || !ports || !turn) return Tc.Shot;
  turn.packets += 1;
  const flow = turn.packets & ends.flows;
  ip.source = ends.isIncoming ? hton32(ntoh32(ends.source) + flow) : ends.source;
  ip.destination = ends.isIncoming ? ends.destination : hton32(ntoh32(ends.destination) + flow);
  ports.source = ends.sourcePort;
  ports.destination = ends.destinationPort;
  tested.tailCall(ctx, 0);
  return Tc.Shot;
});

/** What the start costs by itself. */
export const idle = tc(() => Tc.Ok);
