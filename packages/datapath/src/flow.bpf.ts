/**
 * What a packet belongs to: its two ends, in an order that is the same for both directions, so that a connection has one
 * entry. The lower address is called low, the other one high.
 */
import {
  be16,
  be32,
  type bool,
  Ethernet,
  EtherType,
  hton16,
  hton32,
  Icmp,
  type Infer,
  IpProtocol,
  Ipv4,
  Ipv6,
  lruHashMap,
  ntoh32,
  Ports,
  struct,
  type TcContext,
  u8,
  u16,
  u32,
  u64,
} from '@waggle/bpf';
import { Address, MAPPED } from './addresses.bpf.ts';
import { Reason } from './reasons.ts';

/** A connection, by its ends. For ICMP both ports are the identifier. */
export const Tuple = struct('tuple', {
  low: Address,
  high: Address,
  lowPort: be16,
  highPort: be16,
  protocol: u8,
});

/** A packet's place in a connection. */
export const Flow = struct('flow', {
  tuple: Tuple,
  /** 1: from low to high. */
  upwards: u8,
  tcpFlags: u8,
  /** 1: it reports an error of a packet of this connection that went the other way. */
  related: u8,
  /** Why it is dropped, once that is known. */
  refused: u8,
  /** 1: it begins its connection. */
  isFirst: u8,
  /** 1: it is to be told, see trace.bpf.ts. */
  isNews: u8,
  /** What policy calls the port: that of the destination, or the type of ICMP. */
  port: be16,
  /** When it was first told of, in nanoseconds. */
  told: u64,
  /** For reports of a packet that policy refuses: who is at its ends, and the rules that deny it. */
  source: u32,
  destination: u32,
  cookie: u32,
  /** Where the header behind IP begins; 0 in a fragment that has none. */
  transport: u16,
  /** The same of the packet that an error is about. */
  innerTransport: u16,
});

/** A datagram in pieces, all of which are of one connection. */
export const Datagram = struct('datagram', {
  source: be32,
  destination: be32,
  identification: be16,
  protocol: u8,
});
export const datagrams = lruHashMap({ name: 'datagrams', key: Datagram, value: Ports, maxEntries: 8192 });

const MORE_FRAGMENTS = 0x2000;
const FRAGMENT_OFFSET = 0x1fff;
/** Where the flags of a TCP header are. */
const TCP_FLAGS = 13;
const IGMP = 2;
/** What an ICMP error has before the header of the packet that it is about. */
export const ICMP_HEADER = 8;

/** The addresses of an IPv6 header, in words. */
const Ipv6Addresses = struct('ipv6_addresses', { source: Address, destination: Address }, { packed: true });
const IPV6_ADDRESSES = 8;

/**
 * Reads a packet.
 *
 * @returns a reason to drop it; 0 when `flow` says what it is. It is `ForbiddenIcmpv6` for neighbour discovery, which has no
 * flow.
 */
export function readFlow(ctx: TcContext, flow: Infer<typeof Flow>, protocol: be16): u8 {
  if (protocol === EtherType.Ipv4) return readIpv4(ctx, flow);
  if (protocol === EtherType.Ipv6) return readIpv6(ctx, flow);
  return Reason.UnsupportedEthernet;
}

function readIpv4(ctx: TcContext, flow: Infer<typeof Flow>): u8 {
  const ip = ctx.at(Ipv4, Ethernet.size);
  if (!ip) return Reason.InvalidPacket;
  const { source, destination, protocol, fragment, identification } = ip;
  const transport = readEnds4(ctx, flow, Ethernet.size);
  const datagram: Infer<typeof Datagram> = { source, destination, identification, protocol };
  if ((fragment & FRAGMENT_OFFSET) !== 0) {
    const ports = datagrams.lookup(datagram);
    if (!ports) return Reason.FirstFragmentMissing;
    setPorts(flow, ports.source, ports.destination);
    return 0;
  }
  flow.transport = transport;
  if (protocol === IpProtocol.Icmp) {
    const icmp = ctx.at(Icmp, transport);
    if (!icmp) return Reason.InvalidPacket;
    if (isIcmpError(icmp.type)) {
      const inner = u16(transport + ICMP_HEADER);
      return readRelated(ctx, flow, readEnds4(ctx, flow, inner));
    }
  }
  const reason = readPorts(ctx, flow, transport);
  if (reason === 0 && (fragment & MORE_FRAGMENTS) !== 0) {
    const { lowPort, highPort } = flow.tuple;
    const upwards = flow.upwards === 1;
    datagrams.update(datagram, {
      source: upwards ? lowPort : highPort,
      destination: upwards ? highPort : lowPort,
    });
  }
  return reason;
}

/** Reads addresses and protocol. @returns where the next header begins; 0 when there is no header. */
function readEnds4(ctx: TcContext, flow: Infer<typeof Flow>, offset: u16): u16 {
  const ip = ctx.at(Ipv4, offset);
  if (!ip) return 0;
  const { source, destination } = ip;
  const upwards = ntoh32(source) < ntoh32(destination);
  const { tuple } = flow;
  flow.upwards = upwards ? 1 : 0;
  tuple.low[2] = hton32(MAPPED);
  tuple.high[2] = hton32(MAPPED);
  tuple.low[3] = upwards ? source : destination;
  tuple.high[3] = upwards ? destination : source;
  tuple.protocol = ip.protocol;
  return u16(offset + ip.headerLength());
}

function readIpv6(ctx: TcContext, flow: Infer<typeof Flow>): u8 {
  const transport = readEnds6(ctx, flow, Ethernet.size);
  if (transport === 0) return Reason.InvalidPacket;
  flow.transport = transport;
  if (flow.tuple.protocol === IpProtocol.Icmpv6) {
    const icmp = ctx.at(Icmp, transport);
    if (!icmp) return Reason.InvalidPacket;
    if (isIcmp6Error(icmp.type)) {
      const inner = u16(transport + ICMP_HEADER);
      return readRelated(ctx, flow, readEnds6(ctx, flow, inner));
    }
    if (isDiscovery(icmp.type)) return Reason.ForbiddenIcmpv6;
    if (isGroupManagement(icmp.type)) return Reason.MulticastHandled;
  }
  return readPorts(ctx, flow, transport);
}

function readEnds6(ctx: TcContext, flow: Infer<typeof Flow>, offset: u16): u16 {
  const ip = ctx.at(Ipv6, offset);
  const addresses = ctx.at(Ipv6Addresses, u16(offset + IPV6_ADDRESSES));
  if (!ip || !addresses) return 0;
  const upwards = isLess(addresses.source, addresses.destination);
  const { tuple } = flow;
  flow.upwards = upwards ? 1 : 0;
  if (upwards) {
    tuple.low = addresses.source;
    tuple.high = addresses.destination;
  } else {
    tuple.low = addresses.destination;
    tuple.high = addresses.source;
  }
  tuple.protocol = ip.nextHeader;
  return u16(offset + Ipv6.size);
}

/** Word by word: packets are not read at variable places. */
export function isLess(a: Infer<typeof Address>, b: Infer<typeof Address>): bool {
  if (a[0] !== b[0]) return ntoh32(a[0] ?? 0) < ntoh32(b[0] ?? 0);
  if (a[1] !== b[1]) return ntoh32(a[1] ?? 0) < ntoh32(b[1] ?? 0);
  if (a[2] !== b[2]) return ntoh32(a[2] ?? 0) < ntoh32(b[2] ?? 0);
  return ntoh32(a[3] ?? 0) < ntoh32(b[3] ?? 0);
}

/** Unreachable, source quench, redirect, time exceeded, a wrong parameter (RFC 792). */
function isIcmpError(type: u8): bool {
  return (type >= 3 && type <= 5) || type === 11 || type === 12;
}

/** Unreachable, too big, time exceeded, a wrong parameter (RFC 4443). */
function isIcmp6Error(type: u8): bool {
  return type >= 1 && type <= 4;
}

/** Routers and neighbours on a link (RFC 4861). */
function isDiscovery(type: u8): bool {
  return type >= 133 && type <= 137;
}

/** Who listens to a group (RFC 2710, RFC 3810). */
function isGroupManagement(type: u8): bool {
  return (type >= 130 && type <= 132) || type === 143;
}

/** An error belongs to the connection of the packet that it is about, which went the other way. */
function readRelated(ctx: TcContext, flow: Infer<typeof Flow>, transport: u16): u8 {
  if (transport === 0) return Reason.InvalidPacket;
  const reason = readPorts(ctx, flow, transport);
  flow.innerTransport = transport;
  flow.related = 1;
  flow.upwards = flow.upwards === 1 ? 0 : 1;
  return reason;
}

function readPorts(ctx: TcContext, flow: Infer<typeof Flow>, offset: u16): u8 {
  const { protocol } = flow.tuple;
  if (protocol === IpProtocol.Icmp || protocol === IpProtocol.Icmpv6) {
    const icmp = ctx.at(Icmp, offset);
    if (!icmp) return Reason.InvalidPacket;
    const identifier = hton16(u16(ntoh32(icmp.rest) >>> 16));
    setPorts(flow, identifier, identifier);
    flow.port = hton16(icmp.type);
    return 0;
  }
  if (protocol !== IpProtocol.Tcp && protocol !== IpProtocol.Udp && protocol !== IpProtocol.Sctp) {
    return protocol === IGMP ? Reason.IgmpHandled : Reason.UnknownTransport;
  }
  const ports = ctx.at(Ports, offset);
  if (!ports) return Reason.InvalidPacket;
  setPorts(flow, ports.source, ports.destination);
  if (protocol === IpProtocol.Tcp) flow.tcpFlags = ctx.at(u8, u16(offset + TCP_FLAGS)) ?? 0;
  return 0;
}

function setPorts(flow: Infer<typeof Flow>, source: be16, destination: be16): void {
  const upwards = flow.upwards === 1;
  flow.tuple.lowPort = upwards ? source : destination;
  flow.tuple.highPort = upwards ? destination : source;
  flow.port = destination;
}
