/** Counts packets and bytes by the protocol of their transport, behind up to two VLAN tags, for IPv4 and IPv6. */
import {
  Ethernet,
  EtherType,
  Ipv4,
  Ipv6,
  perCpuArrayMap,
  struct,
  type u8,
  type u32,
  u64,
  Vlan,
  Xdp,
  xdp,
} from '@waggle/bpf';

export const Traffic = struct('traffic', { packets: u64, bytes: u64 });
export const traffic = perCpuArrayMap({ value: Traffic, maxEntries: 256 });

function count(protocol: u8, length: u32): void {
  const seen = traffic.lookup(protocol);
  if (!seen) return;
  seen.packets += 1n;
  seen.bytes += u64(length);
}

export const countProtocols = xdp((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  if (!ethernet) return Xdp.Drop;
  let protocol = ethernet.protocol;
  let offset = Ethernet.size;
  for (let tags = 0; tags < 2; tags++) {
    if (protocol !== EtherType.Vlan && protocol !== EtherType.ServiceVlan) break;
    const vlan = ctx.at(Vlan, offset & 63);
    if (!vlan) return Xdp.Drop;
    protocol = vlan.protocol;
    offset += Vlan.size;
  }
  if (protocol === EtherType.Ipv4) {
    const ip = ctx.at(Ipv4, offset & 63);
    if (!ip) return Xdp.Drop;
    count(ip.protocol, ctx.length);
  } else if (protocol === EtherType.Ipv6) {
    const ip = ctx.at(Ipv6, offset & 63);
    if (!ip) return Xdp.Drop;
    count(ip.nextHeader, ctx.length);
  }
  return Xdp.Pass;
});
