/** Forwards IPv4 by the longest prefix, with the time to live and the checksum counted down, to the next hop's MAC address. */
import {
  arrayMap,
  be32,
  bytes,
  Ethernet,
  EtherType,
  hton16,
  Ipv4,
  lpmTrie,
  ntoh16,
  redirect,
  struct,
  u8,
  u16,
  u32,
  u64,
  Xdp,
  xdp,
} from '@waggle/bpf';

export const Prefix = struct('prefix', { prefixLength: u32, address: be32 });
export const NextHop = struct('next_hop', {
  interfaceIndex: u32,
  mac: bytes(6),
  own: bytes(6),
  packets: u64,
});
export const routes = lpmTrie({ key: Prefix, value: u32, maxEntries: 1024 });
export const nextHops = arrayMap({ value: NextHop, maxEntries: 16 });

export const route = xdp((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  const ip = ctx.at(Ipv4, Ethernet.size);
  if (!ethernet || !ip || ethernet.protocol !== EtherType.Ipv4) return Xdp.Pass;
  if (ip.timeToLive <= 1) return Xdp.Pass;
  const hop = routes.lookup({ prefixLength: 32, address: ip.destination });
  if (hop === null) return Xdp.Pass;
  const next = nextHops.lookup(hop);
  if (!next || next.interfaceIndex === 0) return Xdp.Drop;

  ip.timeToLive = u8(ip.timeToLive - 1);
  const sum = ntoh16(ip.checksum) + 0x0100;
  ip.checksum = hton16(u16(sum + (sum >>> 16)));
  ethernet.destination = next.mac;
  ethernet.source = next.own;
  next.packets += 1n;
  return redirect(next.interfaceIndex, 0n);
});
