/** Answers ARP requests for the addresses of a table with the MAC address that stands there. */
import { Arp, be32, bytes, Ethernet, EtherType, hashMap, struct, u16, Xdp, xdp } from '@waggle/bpf';

export const Entry = struct('entry', { mac: bytes(6), answers: u16 });
export const addresses = hashMap({ key: be32, value: Entry, maxEntries: 64 });

export const answer = xdp((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  const arp = ctx.at(Arp, 14);
  if (!ethernet || !arp || ethernet.protocol !== EtherType.Arp) return Xdp.Pass;
  if (arp.operation !== 1 || arp.hardwareType !== 1 || arp.protocolType !== EtherType.Ipv4) return Xdp.Drop;
  const entry = addresses.lookup(arp.targetAddress);
  if (!entry) return Xdp.Pass;
  if (entry.answers === 0xffff) return Xdp.Drop;
  entry.answers = u16(entry.answers + 1);
  const asked = arp.targetAddress;
  arp.operation = 2;
  arp.targetMac = arp.senderMac;
  arp.targetAddress = arp.senderAddress;
  arp.senderMac = entry.mac;
  arp.senderAddress = asked;
  ethernet.destination = ethernet.source;
  ethernet.source = entry.mac;
  return Xdp.Tx;
});
