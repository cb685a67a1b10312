/** Tells user space about new TCP connections and refused ports through a ring buffer, and counts what did not fit. */
import {
  be16,
  be32,
  Ethernet,
  EtherType,
  hashMap,
  IpProtocol,
  Ipv4,
  perCpuArrayMap,
  ringBuffer,
  struct,
  Tcp,
  TcpFlag,
  u8,
  u32,
  u64,
  Xdp,
  xdp,
} from '@waggle/bpf';

export const Event = struct('event', {
  kind: u8,
  protocol: u8,
  port: be16,
  source: be32,
  destination: be32,
  length: u32,
});
export const events = ringBuffer({ bytes: 4096, record: Event });
export const lost = perCpuArrayMap({ value: u64, maxEntries: 1 });
export const refused = hashMap({ key: be16, value: u8, maxEntries: 64 });
const Kind = { Opened: 1, Refused: 2, Reset: 3 };

export const tell = xdp((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  const ip = ctx.at(Ipv4, 14);
  if (!ethernet || !ip || ethernet.protocol !== EtherType.Ipv4 || ip.protocol !== IpProtocol.Tcp)
    return Xdp.Pass;
  const tcp = ctx.at(Tcp, 14 + (ip.versionAndLength & 15) * 4);
  if (!tcp) return Xdp.Pass;
  const event = events.reserve();
  if (!event) {
    const count = lost.lookup(0) ?? 0n;
    lost.update(0, count + 1n);
    return Xdp.Drop;
  }
  event.protocol = ip.protocol;
  event.port = tcp.destination;
  event.source = ip.source;
  event.destination = ip.destination;
  event.length = ctx.length;
  if (refused.lookup(tcp.destination) !== null) {
    event.kind = Kind.Refused;
    events.submit(event);
    return Xdp.Drop;
  }
  if ((tcp.flags & TcpFlag.Rst) !== 0) {
    event.kind = Kind.Reset;
    events.submit(event, 1n);
    return Xdp.Pass;
  }
  if ((tcp.flags & TcpFlag.Syn) === 0) {
    events.discard(event);
    return Xdp.Pass;
  }
  event.kind = Kind.Opened;
  events.submit(event);
  return Xdp.Pass;
});
