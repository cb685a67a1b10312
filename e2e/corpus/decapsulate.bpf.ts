/** Takes the outer IPv4 header off packets from known tunnels, with its options, and keeps the Ethernet header. */
import {
  be32,
  bytes,
  Ethernet,
  EtherType,
  hashMap,
  type Infer,
  Ipv4,
  i32,
  struct,
  u8,
  u64,
  Xdp,
  xdp,
  xdpAdjustHead,
} from '@waggle/bpf';

export const Mac = struct('mac', { bytes: bytes(6) });
export const Endpoint = struct('endpoint', { packets: u64, congested: u64 });
export const endpoints = hashMap({ key: be32, value: Endpoint, maxEntries: 64 });

export const decapsulate = xdp((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  const outer = ctx.at(Ipv4, 14);
  if (!ethernet || !outer || ethernet.protocol !== EtherType.Ipv4 || outer.protocol !== 4) return Xdp.Pass;
  const endpoint = endpoints.lookup(outer.source);
  if (!endpoint) return Xdp.Drop;
  const words = outer.versionAndLength & 15;
  if (words < 5) return Xdp.Drop;
  const inner = ctx.at(Ipv4, 14 + words * 4);
  if (!inner || inner.versionAndLength >>> 4 !== 4) return Xdp.Drop;
  if ((outer.typeOfService & 3) === 3) {
    if ((inner.typeOfService & 3) === 0) return Xdp.Drop;
    endpoint.congested += 1n;
    inner.typeOfService = u8(inner.typeOfService | 3);
  }
  endpoint.packets += 1n;
  const to: Infer<typeof Mac> = { bytes: ethernet.destination };
  const from: Infer<typeof Mac> = { bytes: ethernet.source };
  if (xdpAdjustHead(ctx, i32(words * 4)) !== 0) return Xdp.Aborted;
  const moved = ctx.at(Ethernet, 0);
  if (!moved) return Xdp.Aborted;
  moved.destination = to.bytes;
  moved.source = from.bytes;
  moved.protocol = EtherType.Ipv4;
  return Xdp.Pass;
});
