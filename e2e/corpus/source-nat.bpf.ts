/** Source NAT of TCP and UDP over IPv4: another address and port, with both checksums corrected (RFC 1624). */
import {
  be16,
  be32,
  Ethernet,
  EtherType,
  hashMap,
  hton16,
  hton32,
  IpProtocol,
  Ipv4,
  ntoh16,
  ntoh32,
  Ports,
  struct,
  Tcp,
  Udp,
  u8,
  u16,
  Xdp,
  xdp,
} from '@waggle/bpf';

export const Origin = struct('origin', { address: be32, port: be16, protocol: u8 });
export const Mapping = struct('mapping', { address: be32, port: be16 });
export const mappings = hashMap({ key: Origin, value: Mapping, maxEntries: 4096 });

/** The checksum after 32 bits that it covers have changed. */
function replaced(checksum: be16, from: be32, to: be32): be16 {
  const before = ~ntoh32(from);
  const after = ntoh32(to);
  let sum = u16(~ntoh16(checksum)) + (before >>> 16) + (before & 0xffff) + (after >>> 16) + (after & 0xffff);
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = (sum & 0xffff) + (sum >>> 16);
  return hton16(u16(~sum));
}

const widened = (port: be16): be32 => hton32(ntoh16(port));

export const translate = xdp((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  const ip = ctx.at(Ipv4, 14);
  if (!ethernet || !ip || ethernet.protocol !== EtherType.Ipv4) return Xdp.Pass;
  const transport = 14 + (ip.versionAndLength & 15) * 4;
  const ports = ctx.at(Ports, transport);
  if (!ports) return Xdp.Pass;
  const found = mappings.lookup({ address: ip.source, port: ports.source, protocol: ip.protocol });
  if (!found) return Xdp.Pass;

  if (ip.protocol === IpProtocol.Tcp) {
    const tcp = ctx.at(Tcp, transport);
    if (!tcp) return Xdp.Drop;
    const sum = replaced(tcp.checksum, ip.source, found.address);
    tcp.checksum = replaced(sum, widened(ports.source), widened(found.port));
  } else if (ip.protocol === IpProtocol.Udp) {
    const udp = ctx.at(Udp, transport);
    if (!udp) return Xdp.Drop;
    if (udp.checksum !== 0) {
      const sum = replaced(udp.checksum, ip.source, found.address);
      udp.checksum = replaced(sum, widened(ports.source), widened(found.port));
    }
  }
  ip.checksum = replaced(ip.checksum, ip.source, found.address);
  ip.source = found.address;
  ports.source = found.port;
  return Xdp.Tx;
});
