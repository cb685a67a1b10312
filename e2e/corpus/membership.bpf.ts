/** A Bloom filter before an exact table: most strangers cost no lookup in the table. */
import {
  be16,
  be32,
  bloomFilter,
  Ethernet,
  EtherType,
  hashMap,
  type Infer,
  IpProtocol,
  Ipv4,
  Ports,
  perCpuArrayMap,
  struct,
  u8,
  u32,
  u64,
  Xdp,
  xdp,
} from '@waggle/bpf';

export const Source = struct('source', { address: be32, port: be16, protocol: u8 });
export const filter = bloomFilter({ value: Source, maxEntries: 256 });
export const allowed = hashMap({ key: Source, value: u32, maxEntries: 256 });
export const strangers = perCpuArrayMap({ value: u64, maxEntries: 1 });

export const check = xdp((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  const ip = ctx.at(Ipv4, 14);
  if (!ethernet || !ip || ethernet.protocol !== EtherType.Ipv4) return Xdp.Pass;
  const ports = ctx.at(Ports, 14 + (ip.versionAndLength & 15) * 4);
  if (!ports) return Xdp.Drop;
  const source: Infer<typeof Source> = { address: ip.source, port: ports.destination, protocol: ip.protocol };
  if (!filter.has(source)) {
    const count = strangers.lookup(0) ?? 0n;
    strangers.update(0, count + 1n);
    if (ip.protocol === IpProtocol.Udp) filter.push(source);
    return Xdp.Drop;
  }
  const uses = allowed.lookup(source);
  if (uses === null) return Xdp.Drop;
  allowed.update(source, uses + 1);
  return Xdp.Pass;
});
