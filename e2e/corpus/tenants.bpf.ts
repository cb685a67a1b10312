/** Maps in a map: each tenant (by VLAN) has a table of its own of the addresses that may talk. */
import {
  arrayOfMaps,
  be32,
  Ethernet,
  EtherType,
  hashMap,
  Ipv4,
  ntoh16,
  perCpuArrayMap,
  u32,
  u64,
  Vlan,
  Xdp,
  xdp,
} from '@waggle/bpf';

export const table = hashMap({ key: be32, value: u64, maxEntries: 64 });
export const tenants = arrayOfMaps({ inner: table, maxEntries: 32 });
export const unknown = perCpuArrayMap({ value: u32, maxEntries: 32 });

export const separate = xdp((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  if (!ethernet || ethernet.protocol !== EtherType.Vlan) return Xdp.Pass;
  const vlan = ctx.at(Vlan, 14);
  const ip = ctx.at(Ipv4, 18);
  if (!vlan || !ip || vlan.protocol !== EtherType.Ipv4) return Xdp.Pass;
  const tenant = ntoh16(vlan.tag) & 0xfff;
  const addresses = tenants.lookup(tenant);
  if (!addresses) return Xdp.Drop;
  const allowed = addresses.lookup(ip.source);
  if (allowed === null) {
    const count = unknown.lookup(tenant);
    unknown.update(tenant, (count ?? 0) + 1);
    return Xdp.Drop;
  }
  addresses.update(ip.source, allowed + 1n);
  return allowed % 2n === 0n ? Xdp.Pass : Xdp.Tx;
});
