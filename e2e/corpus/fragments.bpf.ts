/** Gives later fragments the ports of the first one, so that all of a datagram meet the same rule. */
import {
  arrayMap,
  be16,
  be32,
  Ethernet,
  EtherType,
  hashMap,
  type Infer,
  Ipv4,
  lruHashMap,
  Ports,
  struct,
  u8,
  u32,
  Xdp,
  xdp,
} from '@waggle/bpf';

export const Datagram = struct('datagram', {
  source: be32,
  destination: be32,
  identification: be16,
  protocol: u8,
});
export const datagrams = lruHashMap({ key: Datagram, value: Ports, maxEntries: 512 });
export const blocked = hashMap({ key: be16, value: u8, maxEntries: 64 });
export const unseen = arrayMap({ value: u32, maxEntries: 1 });

export const defragment = xdp((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  const ip = ctx.at(Ipv4, 14);
  if (!ethernet || !ip || ethernet.protocol !== EtherType.Ipv4) return Xdp.Pass;
  const { fragment, source, destination, identification, protocol } = ip;
  const datagram: Infer<typeof Datagram> = { source, destination, identification, protocol };
  let port: be16 = 0;
  if ((fragment & 0x1fff) === 0) {
    const ports = ctx.at(Ports, 14 + (ip.versionAndLength & 15) * 4);
    if (!ports) return Xdp.Drop;
    if ((fragment & 0x2000) !== 0) datagrams.update(datagram, ports);
    port = ports.destination;
  } else {
    const ports = datagrams.lookup(datagram);
    if (!ports) {
      const count = unseen.lookup(0) ?? 0;
      unseen.update(0, count + 1);
      return Xdp.Drop;
    }
    port = ports.destination;
    if ((fragment & 0x2000) === 0) datagrams.delete(datagram);
  }
  return blocked.lookup(port) === null ? Xdp.Pass : Xdp.Drop;
});
