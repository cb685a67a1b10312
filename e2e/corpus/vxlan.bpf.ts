/** Looks into VXLAN (RFC 7348): counts bytes for each network and the addresses of the inner packet. */
import {
  be32,
  bytes,
  Ethernet,
  EtherType,
  type Infer,
  IpProtocol,
  Ipv4,
  lruHashMap,
  ntoh32,
  perCpuHashMap,
  struct,
  Udp,
  u8,
  u32,
  u64,
  Xdp,
  xdp,
} from '@waggle/bpf';

export const VxlanHeader = struct(
  'vxlan',
  { flags: u8, reserved: bytes(3), network: be32 },
  { packed: true },
);
export const Inner = struct('inner', { ethernet: Ethernet, ip: Ipv4 }, { packed: true });
export const Pair = struct('pair', { network: u32, source: be32, destination: be32 });
export const pairs = lruHashMap({ key: Pair, value: u64, maxEntries: 1024 });
export const networks = perCpuHashMap({ key: u32, value: u64, maxEntries: 64 });

const PORT = 4789;

export const inspect = xdp((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  const ip = ctx.at(Ipv4, 14);
  if (!ethernet || !ip || ethernet.protocol !== EtherType.Ipv4 || ip.protocol !== IpProtocol.Udp)
    return Xdp.Pass;
  const start = 14 + (ip.versionAndLength & 15) * 4;
  const udp = ctx.at(Udp, start);
  if (!udp || udp.destination !== PORT) return Xdp.Pass;
  const vxlan = ctx.at(VxlanHeader, start + Udp.size);
  if (!vxlan || (vxlan.flags & 8) === 0) return Xdp.Drop;
  const network = ntoh32(vxlan.network) >>> 8;
  const total = networks.lookup(network);
  networks.update(network, (total ?? 0n) + u64(ctx.length));
  const inner = ctx.at(Inner, start + Udp.size + VxlanHeader.size);
  if (!inner || inner.ethernet.protocol !== EtherType.Ipv4) return Xdp.Pass;
  const pair: Infer<typeof Pair> = { network, source: inner.ip.source, destination: inner.ip.destination };
  const seen = pairs.lookup(pair) ?? 0n;
  pairs.update(pair, seen + 1n);
  return inner.ip.timeToLive === 0 ? Xdp.Drop : Xdp.Pass;
});
