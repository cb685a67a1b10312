/** One switch over protocols and one over ICMP types, each with its own counter and verdict. */
import {
  arrayMap,
  Ethernet,
  EtherType,
  Icmp,
  IpProtocol,
  Ipv4,
  perCpuArrayMap,
  u32,
  Xdp,
  xdp,
} from '@waggle/bpf';

export const kinds = perCpuArrayMap({ value: u32, maxEntries: 16 });
export const verdictOf = arrayMap({ value: u32, maxEntries: 16 });

export const dispatch = xdp((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  const ip = ctx.at(Ipv4, 14);
  if (!ethernet || !ip || ethernet.protocol !== EtherType.Ipv4) return Xdp.Pass;
  let kind = 0;
  switch (ip.protocol) {
    case IpProtocol.Icmp: {
      const icmp = ctx.at(Icmp, 14 + (ip.versionAndLength & 15) * 4);
      if (!icmp) return Xdp.Drop;
      switch (icmp.type) {
        case 0:
        case 8:
          kind = 1;
          break;
        case 3:
          kind = icmp.code === 4 ? 2 : 3;
          break;
        case 5:
          return Xdp.Drop;
        case 11:
          kind = 4;
          break;
        default:
          kind = 5;
      }
      break;
    }
    case IpProtocol.Tcp:
      kind = 6;
      break;
    case IpProtocol.Udp:
      kind = 7;
      break;
    case IpProtocol.Gre:
    case IpProtocol.Esp:
    case IpProtocol.Ipv6:
      kind = 8;
      break;
    case IpProtocol.Sctp:
      kind = 9;
      break;
    default:
      kind = 10;
  }
  const count = kinds.lookup(kind) ?? 0;
  kinds.update(kind, count + 1);
  return verdictOf.lookup(kind) ?? Xdp.Pass;
});
