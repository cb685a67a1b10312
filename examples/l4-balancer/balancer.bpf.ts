/**
 * A load balancer for TCP and UDP over IPv4, in XDP: packets to the address and port of a service go to one of its
 * backends, always the same one for the same connection, and leave by the interface that they came from.
 */
import {
  be16,
  be32,
  bool,
  config,
  Ethernet,
  EtherType,
  hashMap,
  hton16,
  IpProtocol,
  Ipv4,
  ntoh16,
  ntoh32,
  Ports,
  perCpuArrayMap,
  struct,
  u8,
  u16,
  u32,
  u64,
  Xdp,
  xdp,
} from '@waggle/bpf';

export const ServiceKey = struct('service_key', { address: be32, port: be16, protocol: u8 });
/** The backends of a service have the ids from `first` on. */
export const Service = struct('service', { count: u32, first: u32 });
export const Backend = struct('backend', { address: be32, port: be16 });
export const Traffic = struct('traffic', { packets: u64, bytes: u64 });

export const services = hashMap({ key: ServiceKey, value: Service, maxEntries: 65_536 });
export const backends = hashMap({ key: u32, value: Backend, maxEntries: 65_536 });
export const traffic = perCpuArrayMap({ value: Traffic, maxEntries: 1 });
/** What is known when the program is loaded: without UDP, its code is not even there. */
export const settings = config({ udp: bool });

/** Mixes what tells connections apart (the finalizer of MurmurHash3). */
function flowHash(address: be32, port: be16): u32 {
  let hash = ntoh32(address) ^ (ntoh16(port) * 0x9e3779b1);
  hash = (hash ^ (hash >>> 16)) * 0x85ebca6b;
  return hash ^ (hash >>> 13);
}

/** The checksum of a header in which one address has become another (RFC 1624). */
function replaceChecksum(checksum: be16, from: be32, to: be32): be16 {
  const before = ~ntoh32(from);
  const after = ntoh32(to);
  let sum =
    (~ntoh16(checksum) & 0xffff) + (before >>> 16) + (before & 0xffff) + (after >>> 16) + (after & 0xffff);
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = (sum & 0xffff) + (sum >>> 16);
  return hton16(u16(~sum));
}

export const balance = xdp((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  if (!ethernet || ethernet.protocol !== EtherType.Ipv4) return Xdp.Pass;
  const ip = ctx.at(Ipv4, Ethernet.size);
  if (!ip || !(ip.protocol === IpProtocol.Tcp || (settings.udp && ip.protocol === IpProtocol.Udp)))
    return Xdp.Pass;
  const ports = ctx.at(Ports, Ethernet.size + ip.headerLength());
  if (!ports) return Xdp.Pass;

  const service = services.lookup({
    address: ip.destination,
    port: ports.destination,
    protocol: ip.protocol,
  });
  if (!service) return Xdp.Pass;
  const backend = backends.lookup(service.first + (flowHash(ip.source, ports.source) % service.count));
  if (!backend) return Xdp.Drop;

  const seen = traffic.lookup(0);
  if (seen) {
    seen.packets += 1n;
    seen.bytes += u64(ctx.length);
  }

  ip.checksum = replaceChecksum(ip.checksum, ip.destination, backend.address);
  ip.destination = backend.address;
  ports.destination = backend.port;
  return Xdp.Tx;
});
