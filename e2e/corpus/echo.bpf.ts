/** Answers ICMP echo requests for its addresses: both headers turned round, the checksum corrected. */
import {
  be32,
  bytes,
  Ethernet,
  EtherType,
  hashMap,
  hton16,
  Icmp,
  type Infer,
  IpProtocol,
  Ipv4,
  ntoh16,
  struct,
  u16,
  u64,
  Xdp,
  xdp,
} from '@waggle/bpf';

export const own = hashMap({ key: be32, value: u64, maxEntries: 16 });
export const Mac = struct('mac', { bytes: bytes(6) });

const Type = { Reply: 0, Request: 8 };

export const echo = xdp((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  if (!ethernet || ethernet.protocol !== EtherType.Ipv4) return Xdp.Pass;
  const ip = ctx.at(Ipv4, Ethernet.size);
  if (!ip || ip.protocol !== IpProtocol.Icmp || ip.versionAndLength !== 0x45) return Xdp.Pass;
  const icmp = ctx.at(Icmp, Ethernet.size + Ipv4.size);
  if (!icmp || icmp.type !== Type.Request || icmp.code !== 0) return Xdp.Pass;
  const answered = own.lookup(ip.destination);
  if (answered === null) return Xdp.Pass;
  own.update(ip.destination, answered + 1n);

  icmp.type = Type.Reply;
  const sum = ntoh16(icmp.checksum) + 0x0800;
  icmp.checksum = hton16(u16(sum + (sum >>> 16)));
  const { source, destination } = ip;
  ip.source = destination;
  ip.destination = source;
  ip.timeToLive = 64;
  const sender: Infer<typeof Mac> = { bytes: ethernet.source };
  ethernet.source = ethernet.destination;
  ethernet.destination = sender.bytes;
  return Xdp.Tx;
});
