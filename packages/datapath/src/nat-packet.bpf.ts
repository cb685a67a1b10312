/**
 * Another end in a packet: its address and port are replaced, and every checksum that covers them corrected by the difference
 * (RFC 1624). The kernel's helpers do that, for they alone know of packets whose checksums are not there yet.
 */
import {
  be16,
  be32,
  type bool,
  csumDiff,
  Ethernet,
  type Infer,
  IpProtocol,
  l3CsumReplace,
  l4CsumReplace,
  struct,
  type TcContext,
  type u8,
  u16,
  u32,
  u64,
  zeroed,
} from '@waggle/bpf';
import { Address, isMapped } from './addresses.bpf.ts';
import type { Flow } from './flow.bpf.ts';
import { type End, Port } from './nat.bpf.ts';
import { Reason } from './reasons.ts';
import { ICMP_HEADER } from './transport.bpf.ts';

/** Where things are from the beginning of their header on. */
const Ipv4At = { Checksum: 10, Source: 12, Destination: 16 } as const;
const Ipv6At = { Source: 8, Destination: 24 } as const;
const ChecksumAt = { Tcp: 16, Udp: 6, Icmp: 2 } as const;
const IDENTIFIER = 4;
const DESTINATION_PORT = 2;

/** Flags of {@link l4CsumReplace}: what has changed is in the pseudo header; 0 means that there is no checksum; IPv6. */
const PSEUDO_HEADER = 0x10n;
const OPTIONAL = 0x20n;
const IPV6 = 0x80n;

/** What an error has at least of the transport header that it is about. */
const Excerpt = struct('excerpt', { first: be32, second: be32 });

/**
 * Replaces an end.
 *
 * @param isSource - Whether it is the end that sends; what an error is about went the other way.
 * @returns a reason to drop the packet, or 0.
 */
export function replaceEnd(
  ctx: TcContext,
  flow: Infer<typeof Flow>,
  from: Infer<typeof End>,
  to: Infer<typeof End>,
  isSource: bool,
): u8 {
  const sum = u32(csumDiff(from.address, to.address, 0));
  if (flow.related === 1) {
    const failed = replaceInner(ctx, flow, from, to, !isSource);
    if (failed !== 0) return failed;
  } else if (flow.transport !== 0) {
    const failed = replaceTransport(ctx, flow, from, to, isSource);
    if (failed !== 0) return failed;
  }
  return replaceAddress(ctx, Ethernet.size, to.address, sum, isSource) ? 0 : Reason.WriteFailed;
}

/** Replaces an address in a header of IP, with that header's checksum. */
function replaceAddress(
  ctx: TcContext,
  offset: u16,
  to: Infer<typeof Address>,
  sum: u32,
  isSource: bool,
): bool {
  if (!isMapped(to)) {
    return ctx.store(Address, offset + (isSource ? Ipv6At.Source : Ipv6At.Destination), to) === 0;
  }
  if (l3CsumReplace(ctx, offset + Ipv4At.Checksum, 0n, u64(sum), 0n) !== 0) return false;
  return ctx.store(be32, offset + (isSource ? Ipv4At.Source : Ipv4At.Destination), to[3] ?? 0) === 0;
}

/** Replaces the port, and corrects the checksum for it and for the address. */
function replaceTransport(
  ctx: TcContext,
  flow: Infer<typeof Flow>,
  from: Infer<typeof End>,
  to: Infer<typeof End>,
  isSource: bool,
): u8 {
  const { transport } = flow;
  const { protocol } = flow.tuple;
  const checksum = u16(transport + checksumAt(protocol));
  const optional = protocol === IpProtocol.Udp ? OPTIONAL : 0n;
  if (protocol !== IpProtocol.Icmp) {
    const sum = u64(u32(csumDiff(from.address, to.address, 0)));
    if (!correctForAddress(ctx, checksum, sum, optional, !isMapped(to.address))) return Reason.WriteFailed;
  }
  if (from.port.number === to.port.number) return 0;
  const sum = u64(u32(csumDiff(from.port, to.port, 0)));
  if (l4CsumReplace(ctx, checksum, 0n, sum, optional) !== 0) return Reason.WriteFailed;
  return ctx.store(be16, transport + portAt(protocol, isSource), to.port.number) === 0
    ? 0
    : Reason.WriteFailed;
}

/** Corrects a checksum for an address, which it covers as part of the pseudo header. */
function correctForAddress(ctx: TcContext, offset: u16, sum: u64, flags: u64, isIpv6: bool): bool {
  if (isIpv6) {
    // Before Linux 6.16 the flag is unknown; sums that a device made of whole packets are wrong then.
    if (l4CsumReplace(ctx, offset, 0n, sum, flags | PSEUDO_HEADER | IPV6) === 0) return true;
  }
  return l4CsumReplace(ctx, offset, 0n, sum, flags | PSEUDO_HEADER) === 0;
}

/**
 * Replaces the end in the packet that an error is about, and corrects the checksum of the error.
 * @returns a reason to drop it, or 0.
 */
export function replaceInner(
  ctx: TcContext,
  flow: Infer<typeof Flow>,
  from: Infer<typeof End>,
  to: Infer<typeof End>,
  isSource: bool,
): u8 {
  const { transport, innerTransport } = flow;
  const { protocol } = flow.tuple;
  const isIpv6 = !isMapped(to.address);
  const outer = u16(transport + ChecksumAt.Icmp);
  const addresses = u32(csumDiff(from.address, to.address, 0));
  if (!replaceAddress(ctx, u16(transport + ICMP_HEADER), to.address, addresses, isSource)) {
    return Reason.WriteFailed;
  }
  if (isIpv6) {
    // Once for the address inside, once for that in the pseudo header. IPv4 has a checksum inside that makes up for it.
    if (l4CsumReplace(ctx, outer, 0n, u64(addresses), 0n) !== 0) return Reason.WriteFailed;
    if (!correctForAddress(ctx, outer, u64(addresses), 0n, true)) return Reason.WriteFailed;
  }
  const before = ctx.load(Excerpt, innerTransport);
  const tail = zeroed(Port);
  tail.number = tcpChecksum(ctx, flow);
  const port = innerTransport + portAt(protocol, isSource);
  if (!before || ctx.store(be16, port, to.port.number) !== 0) return Reason.InvalidPacket;
  const covered =
    protocol === IpProtocol.Icmp ? u32(csumDiff(from.port, to.port, 0)) : u32(csumDiff(from, to, 0));
  const optional = protocol === IpProtocol.Udp ? OPTIONAL : 0n;
  // An error often ends before the checksum of TCP.
  l4CsumReplace(ctx, innerTransport + checksumAt(protocol), 0n, u64(covered), optional);
  const after = ctx.load(Excerpt, innerTransport);
  const tailAfter = zeroed(Port);
  tailAfter.number = tcpChecksum(ctx, flow);
  if (!after) return Reason.InvalidPacket;
  const changed = u32(csumDiff(before, after, u32(csumDiff(tail, tailAfter, 0))));
  return l4CsumReplace(ctx, outer, 0n, u64(changed), 0n) === 0 ? 0 : Reason.WriteFailed;
}

/** The checksum of TCP in what an error is about; 0 for other protocols, and where the error ends before. */
function tcpChecksum(ctx: TcContext, flow: Infer<typeof Flow>): be16 {
  if (flow.tuple.protocol !== IpProtocol.Tcp) return 0;
  return ctx.load(be16, flow.innerTransport + ChecksumAt.Tcp) ?? 0;
}

function checksumAt(protocol: u8): u16 {
  if (protocol === IpProtocol.Tcp) return ChecksumAt.Tcp;
  return protocol === IpProtocol.Udp ? ChecksumAt.Udp : ChecksumAt.Icmp;
}

function portAt(protocol: u8, isSource: bool): u16 {
  if (protocol === IpProtocol.Icmp || protocol === IpProtocol.Icmpv6) return IDENTIFIER;
  return isSource ? 0 : DESTINATION_PORT;
}
