/** Counts the packets and bytes that arrive at a device, by IP protocol. Each CPU counts for itself, so none waits. */
import {
  Ethernet,
  EtherType,
  Ipv4,
  Ipv6,
  perCpuArrayMap,
  struct,
  type u32,
  u64,
  Xdp,
  type XdpContext,
  xdp,
} from '@waggle/bpf';

export const Traffic = struct('traffic', { packets: u64, bytes: u64 });
/** Indexed by protocol number. 255, which no protocol has, stands for packets that are not IP. */
export const traffic = perCpuArrayMap({ value: Traffic, maxEntries: 256 });
export const NOT_IP = 255;

function protocolOf(ctx: XdpContext): u32 {
  const ethernet = ctx.at(Ethernet, 0);
  if (ethernet?.protocol === EtherType.Ipv4) return ctx.at(Ipv4, Ethernet.size)?.protocol ?? NOT_IP;
  if (ethernet?.protocol === EtherType.Ipv6) return ctx.at(Ipv6, Ethernet.size)?.nextHeader ?? NOT_IP;
  return NOT_IP;
}

export const countPackets = xdp((ctx) => {
  const seen = traffic.lookup(protocolOf(ctx));
  if (seen) {
    seen.packets += 1n;
    seen.bytes += u64(ctx.length);
  }
  return Xdp.Pass;
});
