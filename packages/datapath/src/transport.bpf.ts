/**
 * Which connection a packet belongs to that is not simply TCP, UDP or SCTP behind a plain header: ports of pieces, messages of
 * ICMP, and errors, which belong to the connection of the packet that they are about.
 */
import {
  be16,
  be32,
  type bool,
  Ethernet,
  EtherType,
  hton16,
  Icmp,
  type Infer,
  IpProtocol,
  lruHashMap,
  ntoh32,
  Ports,
  struct,
  type TcContext,
  u8,
  u16,
  zeroed,
} from '@waggle/bpf';
import { Address, areEqual } from './addresses.bpf.ts';
import { Ends, type Flow, order } from './flow.bpf.ts';
import { Piece, readHeader4, readHeader6, Transport } from './headers.bpf.ts';
import { isAboutGroups, isAboutNeighbours, REDIRECT } from './icmpv6.bpf.ts';
import { Reason } from './reasons.ts';

/** A datagram in pieces, all of which are of one connection. */
export const Datagram = struct('datagram', {
  source: Address,
  destination: Address,
  identification: be32,
  /** Of IPv4; pieces of IPv6 do not all tell it. */
  protocol: u8,
});
/** What only its first piece tells. */
export const FirstPiece = struct('first_piece', {
  sourcePort: be16,
  destinationPort: be16,
  /** What policy calls the port. */
  port: be16,
  protocol: u8,
});
export const datagrams = lruHashMap({
  name: 'datagrams',
  key: Datagram,
  value: FirstPiece,
  maxEntries: 8192,
});

/** Where the flags of a TCP header are. */
export const TCP_FLAGS = 13;
/** What an ICMP error has before the header of the packet that it is about. */
export const ICMP_HEADER = 8;
const IGMP = 2;

/**
 * Reads any packet, with care.
 *
 * @returns a reason to drop it; 0 when `flow` says what it is, and not only between which addresses. It is `ForbiddenIcmpv6` for
 * neighbour discovery, which has no flow.
 */
export function readFlow(ctx: TcContext, flow: Infer<typeof Flow>, etherType: be16): u8 {
  if (etherType !== EtherType.Ipv4 && etherType !== EtherType.Ipv6) return Reason.UnsupportedEthernet;
  const ends = zeroed(Ends);
  const reason = readAny(ctx, flow, ends, etherType);
  order(flow, ends);
  return reason;
}

function readAny(ctx: TcContext, flow: Infer<typeof Flow>, ends: Infer<typeof Ends>, etherType: be16): u8 {
  const transport = zeroed(Transport);
  const unreadable = readHeader(ctx, Ethernet.size, ends, transport, etherType);
  if (unreadable !== 0) return unreadable;
  const { protocol, offset, piece } = transport;
  flow.tuple.protocol = protocol;
  if (piece !== Piece.Later) flow.transport = offset;
  if (piece === Piece.Later) return readLaterPiece(flow, ends, transport, etherType);
  if (protocol === IpProtocol.Icmp || protocol === IpProtocol.Icmpv6) {
    const icmp = ctx.at(Icmp, offset);
    if (!icmp) return Reason.InvalidPacket;
    if (protocol === IpProtocol.Icmpv6) {
      if (isAboutNeighbours(icmp.type) || icmp.type === REDIRECT) return Reason.ForbiddenIcmpv6;
      if (isAboutGroups(icmp.type)) return Reason.MulticastHandled;
    }
    if (isError(icmp.type, protocol)) return readRelated(ctx, flow, ends, offset, etherType);
  }
  if (protocol === IGMP) return Reason.IgmpHandled;
  const reason = readPorts(ctx, flow, ends, offset);
  if (reason === 0 && piece === Piece.First) keepFirstPiece(flow, ends, transport, etherType);
  return reason;
}

function readHeader(
  ctx: TcContext,
  offset: u16,
  ends: Infer<typeof Ends>,
  transport: Infer<typeof Transport>,
  etherType: be16,
): u8 {
  return etherType === EtherType.Ipv4
    ? readHeader4(ctx, offset, ends, transport)
    : readHeader6(ctx, offset, ends, transport);
}

/** An error belongs to the connection of the packet that it is about, which went the other way, whoever reports it. */
function readRelated(
  ctx: TcContext,
  flow: Infer<typeof Flow>,
  ends: Infer<typeof Ends>,
  offset: u16,
  etherType: be16,
): u8 {
  const about = zeroed(Ends);
  const transport = zeroed(Transport);
  const unreadable = readHeader(ctx, u16(offset + ICMP_HEADER), about, transport, etherType);
  if (unreadable !== 0) return Reason.InvalidPacket;
  // It is told to who sent the packet, and nobody else.
  if (!areEqual(about.source, ends.destination)) return Reason.InvalidPacket;
  flow.tuple.protocol = transport.protocol;
  if (transport.piece !== Piece.Later) flow.innerTransport = transport.offset;
  const reason =
    transport.piece === Piece.Later
      ? readLaterPiece(flow, about, transport, etherType)
      : readPorts(ctx, flow, about, transport.offset);
  flow.related = 1;
  flow.tcpFlags = 0;
  ends.source = about.destination;
  ends.destination = about.source;
  ends.sourcePort = about.destinationPort;
  ends.destinationPort = about.sourcePort;
  return reason;
}

function readPorts(ctx: TcContext, flow: Infer<typeof Flow>, ends: Infer<typeof Ends>, offset: u16): u8 {
  const { protocol } = flow.tuple;
  if (protocol === IpProtocol.Icmp || protocol === IpProtocol.Icmpv6) {
    const icmp = ctx.at(Icmp, offset);
    if (!icmp) return Reason.InvalidPacket;
    const identifier = hton16(u16(ntoh32(icmp.rest) >>> 16));
    ends.sourcePort = identifier;
    ends.destinationPort = identifier;
    flow.port = hton16(icmp.type);
    return 0;
  }
  if (!hasPorts(protocol)) return Reason.UnknownTransport;
  const ports = ctx.at(Ports, offset);
  if (!ports) return Reason.InvalidPacket;
  ends.sourcePort = ports.source;
  ends.destinationPort = ports.destination;
  flow.port = ports.destination;
  if (protocol === IpProtocol.Tcp) flow.tcpFlags = ctx.at(u8, u16(offset + TCP_FLAGS)) ?? 0;
  return 0;
}

/** Whether a transport protocol has ports, in the place where TCP has them. */
export function hasPorts(protocol: u8): bool {
  return protocol === IpProtocol.Tcp || protocol === IpProtocol.Udp || protocol === IpProtocol.Sctp;
}

function keepFirstPiece(
  flow: Infer<typeof Flow>,
  ends: Infer<typeof Ends>,
  transport: Infer<typeof Transport>,
  etherType: be16,
): void {
  const datagram = zeroed(Datagram);
  name(datagram, ends, transport, etherType);
  const { sourcePort, destinationPort } = ends;
  const { port, tuple } = flow;
  datagrams.update(datagram, { sourcePort, destinationPort, port, protocol: tuple.protocol });
}

function readLaterPiece(
  flow: Infer<typeof Flow>,
  ends: Infer<typeof Ends>,
  transport: Infer<typeof Transport>,
  etherType: be16,
): u8 {
  const datagram = zeroed(Datagram);
  name(datagram, ends, transport, etherType);
  const first = datagrams.lookup(datagram);
  if (!first) return Reason.FirstFragmentMissing;
  flow.tuple.protocol = first.protocol;
  flow.port = first.port;
  ends.sourcePort = first.sourcePort;
  ends.destinationPort = first.destinationPort;
  return 0;
}

function name(
  datagram: Infer<typeof Datagram>,
  ends: Infer<typeof Ends>,
  transport: Infer<typeof Transport>,
  etherType: be16,
): void {
  datagram.source = ends.source;
  datagram.destination = ends.destination;
  datagram.identification = transport.identification;
  datagram.protocol = etherType === EtherType.Ipv4 ? transport.protocol : 0;
}

/** Whether a message is about a packet: unreachable, too big, out of time, a wrong parameter (RFC 792, RFC 4443). */
function isError(type: u8, protocol: u8): bool {
  if (protocol === IpProtocol.Icmpv6) return type >= 1 && type <= 4;
  return type === 3 || type === 11 || type === 12;
}
