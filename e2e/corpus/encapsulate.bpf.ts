/** Puts IPv4 packets into another IPv4 packet (RFC 2003): room in front, a new header with its checksum. */
import {
  arrayMap,
  be32,
  bytes,
  Ethernet,
  EtherType,
  hton16,
  type Infer,
  Ipv4,
  lruHashMap,
  ntoh16,
  ntoh32,
  struct,
  u8,
  u16,
  u32,
  Xdp,
  xdp,
  xdpAdjustHead,
} from '@waggle/bpf';

export const Tunnel = struct('tunnel', { source: be32, destination: be32, timeToLive: u8 });
export const tunnels = lruHashMap({ key: be32, value: Tunnel, maxEntries: 256 });
export const identifications = arrayMap({ value: u32, maxEntries: 1 });
export const Mac = struct('mac', { bytes: bytes(6) });

function folded(sum: u32): u32 {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

const halves = (address: be32): u32 => (ntoh32(address) >>> 16) + (ntoh32(address) & 0xffff);

export const encapsulate = xdp((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  const inner = ctx.at(Ipv4, 14);
  if (!ethernet || !inner || ethernet.protocol !== EtherType.Ipv4) return Xdp.Pass;
  const tunnel = tunnels.lookup(inner.destination);
  if (!tunnel) return Xdp.Pass;
  const length = ntoh16(inner.totalLength) + Ipv4.size;
  if (length > 1500) return Xdp.Drop;
  const typeOfService = inner.typeOfService;
  const to: Infer<typeof Mac> = { bytes: ethernet.destination };
  const from: Infer<typeof Mac> = { bytes: ethernet.source };
  if (xdpAdjustHead(ctx, -20) !== 0) return Xdp.Aborted;

  const outerEthernet = ctx.at(Ethernet, 0);
  const ip = ctx.at(Ipv4, 14);
  if (!outerEthernet || !ip) return Xdp.Aborted;
  outerEthernet.destination = to.bytes;
  outerEthernet.source = from.bytes;
  outerEthernet.protocol = EtherType.Ipv4;
  const identification = identifications.lookup(0) ?? 0;
  identifications.update(0, identification + 1);
  ip.versionAndLength = 0x45;
  ip.typeOfService = typeOfService;
  ip.totalLength = hton16(u16(length));
  ip.identification = hton16(u16(identification));
  ip.fragment = 0x4000;
  ip.timeToLive = tunnel.timeToLive;
  ip.protocol = 4;
  ip.source = tunnel.source;
  ip.destination = tunnel.destination;
  const sum =
    0x4500 + typeOfService + length + (identification & 0xffff) + 0x4000 + ((tunnel.timeToLive << 8) | 4);
  ip.checksum = hton16(u16(~folded(sum + halves(tunnel.source) + halves(tunnel.destination))));
  return Xdp.Tx;
});
