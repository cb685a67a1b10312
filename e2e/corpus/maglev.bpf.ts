/** A load balancer with a Maglev table: a hash of the connection picks a slot, and the slot a backend. */
import {
  array,
  arrayMap,
  be16,
  be32,
  Ethernet,
  EtherType,
  hashMap,
  Ipv4,
  ntoh16,
  ntoh32,
  Ports,
  struct,
  u8,
  u16,
  u32,
  u64,
  Xdp,
  xdp,
} from '@waggle/bpf';

export const Vip = struct('vip', { address: be32, port: be16, protocol: u8 });
export const Table = struct('table', { slots: array(u16, 64), sessions: u32 });
export const Backend = struct('backend', { address: be32, weight: u32, packets: u64 });
export const vips = hashMap({ key: Vip, value: u32, maxEntries: 64 });
export const tables = arrayMap({ value: Table, maxEntries: 8 });
export const backends = arrayMap({ value: Backend, maxEntries: 64 });

function mixed(address: be32, ports: u32): u32 {
  let hash = ntoh32(address) ^ ports;
  hash = (hash ^ (hash >>> 16)) * 0x7feb352d;
  hash = (hash ^ (hash >>> 15)) * 0x846ca68b;
  return hash ^ (hash >>> 16);
}

export const balance = xdp((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  const ip = ctx.at(Ipv4, 14);
  const ports = ctx.at(Ports, 34);
  if (!ethernet || !ip || !ports) return Xdp.Pass;
  if (ethernet.protocol !== EtherType.Ipv4 || ip.versionAndLength !== 0x45) return Xdp.Pass;
  const vip = vips.lookup({ address: ip.destination, port: ports.destination, protocol: ip.protocol });
  if (vip === null) return Xdp.Pass;
  const table = tables.lookup(vip);
  if (!table) return Xdp.Aborted;
  const hash = mixed(ip.source, (ntoh16(ports.source) << 16) | ntoh16(ports.destination));
  const backend = backends.lookup(table.slots[hash % 64] ?? 0);
  if (!backend || backend.weight === 0) return Xdp.Drop;
  table.sessions += 1;
  backend.packets += 1n;
  ip.destination = backend.address;
  return Xdp.Tx;
});
