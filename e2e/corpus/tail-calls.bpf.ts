/** Parses once, then goes on in a program for the protocol; what it found travels in a map of the CPU. */
import {
  be16,
  be32,
  Ethernet,
  EtherType,
  hashMap,
  IpProtocol,
  Ipv4,
  ntoh16,
  perCpuArrayMap,
  programArray,
  struct,
  Tcp,
  TcpFlag,
  Udp,
  Update,
  u32,
  Xdp,
  xdp,
} from '@waggle/bpf';

export const Parsed = struct('parsed', { transport: u32, source: be32, destination: be32 });
export const parsed = perCpuArrayMap({ value: Parsed, maxEntries: 1 });
export const handlers = programArray({ maxEntries: 8 });
export const ports = hashMap({ key: be16, value: u32, maxEntries: 256 });

export const parse = xdp((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  const ip = ctx.at(Ipv4, 14);
  if (!ethernet || !ip || ethernet.protocol !== EtherType.Ipv4) return Xdp.Pass;
  const state = parsed.lookup(0);
  if (!state) return Xdp.Aborted;
  state.transport = 14 + (ip.versionAndLength & 15) * 4;
  state.source = ip.source;
  state.destination = ip.destination;
  if (ip.protocol === IpProtocol.Tcp) handlers.tailCall(ctx, 0);
  else if (ip.protocol === IpProtocol.Udp) handlers.tailCall(ctx, 1);
  else handlers.tailCall(ctx, 2);
  return Xdp.Drop;
});

export const handleTcp = xdp((ctx) => {
  const state = parsed.lookup(0);
  if (!state) return Xdp.Aborted;
  const transport = state.transport;
  if (transport > 74) return Xdp.Aborted;
  const tcp = ctx.at(Tcp, transport);
  if (!tcp) return Xdp.Drop;
  const seen = ports.lookup(tcp.destination);
  if (seen === null) ports.update(tcp.destination, 1);
  else ports.update(tcp.destination, seen + 1, Update.IfPresent);
  return (tcp.flags & TcpFlag.Syn) !== 0 && state.source === state.destination ? Xdp.Drop : Xdp.Pass;
});

export const handleUdp = xdp((ctx) => {
  const state = parsed.lookup(0);
  if (!state) return Xdp.Aborted;
  const transport = state.transport;
  if (transport > 74) return Xdp.Aborted;
  const udp = ctx.at(Udp, transport);
  if (!udp || ntoh16(udp.length) < 8) return Xdp.Drop;
  return udp.destination === 53 ? Xdp.Tx : Xdp.Pass;
});
