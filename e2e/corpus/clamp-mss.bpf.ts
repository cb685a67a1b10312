/** Finds the maximum segment size among the options of a SYN, and lowers it to what fits a tunnel. */
import {
  arrayMap,
  be16,
  config,
  Ethernet,
  EtherType,
  hton16,
  IpProtocol,
  Ipv4,
  ntoh16,
  struct,
  Tcp,
  TcpFlag,
  u8,
  u16,
  u32,
  Xdp,
  xdp,
} from '@waggle/bpf';

export const Option = struct('option', { kind: u8, length: u8, value: be16 }, { packed: true });
export const limits = config({ mss: u16 });
export const clamped = arrayMap({ value: u32, maxEntries: 2 });
const Kind = { End: 0, Nothing: 1, MaximumSegment: 2 };

export const clampMss = xdp((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  const ip = ctx.at(Ipv4, 14);
  if (!ethernet || !ip || ethernet.protocol !== EtherType.Ipv4 || ip.protocol !== IpProtocol.Tcp)
    return Xdp.Pass;
  const start = 14 + (ip.versionAndLength & 15) * 4;
  const tcp = ctx.at(Tcp, start);
  if (!tcp || (tcp.flags & TcpFlag.Syn) === 0) return Xdp.Pass;
  const end = start + (tcp.dataOffset >>> 4) * 4;
  let offset = start + Tcp.size;
  for (let options = 0; options < 10; options++) {
    if (offset >= end) break;
    const kind = ctx.at(u8, offset);
    if (kind === null || kind === Kind.End) break;
    if (kind === Kind.Nothing) {
      offset += 1;
      continue;
    }
    const option = ctx.at(Option, offset);
    if (!option || option.length < 2) return Xdp.Drop;
    if (option.kind === Kind.MaximumSegment) {
      const larger = ntoh16(option.value) > limits.mss;
      const seen = clamped.lookup(larger ? 1 : 0) ?? 0;
      clamped.update(larger ? 1 : 0, seen + 1);
      if (larger) option.value = hton16(limits.mss);
      return Xdp.Pass;
    }
    offset += option.length;
  }
  return Xdp.Pass;
});
