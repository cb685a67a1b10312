/** What a packet carries, as flows say it, and in a few words for people. */
import { IpProtocol } from '@waggle/bpf';
import type { Packet } from '@waggle/datapath/events';
import type { FlowTransport } from '../flow.ts';
import { icmpName } from './icmp-name.ts';

const IGMP = 2;

export function transportOf({ ip, tcp, udp, sctp, icmp }: Packet): FlowTransport | undefined {
  if (tcp) {
    const { sourcePort, destinationPort, flags } = tcp;
    return { protocol: 'TCP', sourcePort, destinationPort, flags };
  }
  if (udp) {
    return { protocol: 'UDP', sourcePort: udp.sourcePort, destinationPort: udp.destinationPort };
  }
  if (sctp) {
    const { sourcePort, destinationPort, chunk } = sctp;
    return { protocol: 'SCTP', sourcePort, destinationPort, ...(chunk !== undefined && { chunk }) };
  }
  if (!icmp) return undefined;
  return { protocol: icmpOf(ip?.protocol), type: icmp.type, code: icmp.code };
}

const icmpOf = (protocol: number | undefined) =>
  protocol === IpProtocol.Icmpv6 ? ('ICMPv6' as const) : ('ICMPv4' as const);

/** A packet in a few words: `TCP Flags: SYN`, `ICMPv4 EchoRequest`. */
export function summaryOf(packet: Packet): string {
  const { tcp, udp, sctp, icmp, arp, ip, ethernet } = packet;
  if (tcp) return tcp.flags.length > 0 ? `TCP Flags: ${tcp.flags.join(', ')}` : 'TCP';
  if (udp) return 'UDP';
  if (sctp) return 'SCTP';
  if (icmp) {
    const protocol = icmpOf(ip?.protocol);
    return `${protocol} ${icmpName(protocol, icmp.type) ?? `Type ${icmp.type}`}`;
  }
  if (arp) return 'ARP';
  if (ip?.fragment && ip.fragment.offset > 0) return `Fragment of IP protocol ${ip.protocol}`;
  if (ip) return ip.protocol === IGMP ? 'IGMP' : `IP protocol ${ip.protocol}`;
  if (ethernet) return `EtherType 0x${ethernet.type.toString(16).padStart(4, '0')}`;
  return 'Unreadable';
}
