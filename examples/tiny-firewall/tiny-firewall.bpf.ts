/** Drops what comes from blocked networks, and new TCP connections to ports that are not open. IPv4 only. */
import {
  atomic,
  be16,
  be32,
  Ethernet,
  EtherType,
  hashMap,
  IpProtocol,
  Ipv4,
  lpmTrie,
  struct,
  Tcp,
  TcpFlag,
  u32,
  u64,
  Xdp,
  xdp,
} from '@waggle/bpf';

export const Network = struct('network', { prefixLength: u32, address: be32 });
export const Count = struct('count', { packets: u64 });
/** What each blocked network has sent in vain. The smallest network that an address is in counts. */
export const blocked = lpmTrie({ key: Network, value: Count, maxEntries: 10_000 });
/** The connections made to each open port. */
export const open = hashMap({ key: be16, value: Count, maxEntries: 1024 });

export const firewall = xdp((ctx) => {
  if (ctx.at(Ethernet, 0)?.protocol !== EtherType.Ipv4) return Xdp.Pass;
  const ip = ctx.at(Ipv4, Ethernet.size);
  if (!ip) return Xdp.Pass;

  const network = blocked.lookup({ prefixLength: 32, address: ip.source });
  if (network) {
    atomic.add(network, 'packets', 1n);
    return Xdp.Drop;
  }

  // Only the first fragment of a packet has the TCP header.
  if (ip.protocol !== IpProtocol.Tcp || (ip.fragment & 0x1fff) !== 0) return Xdp.Pass;
  const tcp = ctx.at(Tcp, Ethernet.size + ip.headerLength());
  if (!tcp) return Xdp.Drop;
  // The first packet of a connection, and no other, has SYN without ACK.
  if ((tcp.flags & (TcpFlag.Syn | TcpFlag.Ack)) !== TcpFlag.Syn) return Xdp.Pass;
  const port = open.lookup(tcp.destination);
  if (!port) return Xdp.Drop;
  atomic.add(port, 'packets', 1n);
  return Xdp.Pass;
});
