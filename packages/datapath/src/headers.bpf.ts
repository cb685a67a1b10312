/**
 * Where the transport header of a packet is, behind whatever the network header has in front of it: options of IPv4, extension
 * headers of IPv6, and whether the packet is a piece of a larger one.
 */
import {
  be16,
  be32,
  type bool,
  hton32,
  type Infer,
  IpProtocol,
  Ipv4,
  Ipv6,
  ntoh16,
  struct,
  type TcContext,
  u8,
  u16,
} from '@waggle/bpf';
import { Address, MAPPED } from './addresses.bpf.ts';
import type { Ends } from './flow.bpf.ts';
import { Reason } from './reasons.ts';

/** How much of a datagram a packet is. */
export const Piece = { Whole: 0, First: 1, Later: 2 } as const;

/** A transport header. */
export const Transport = struct('transport', {
  /** Of a piece: what all pieces of the datagram have in common. */
  identification: be32,
  offset: u16,
  protocol: u8,
  /** See {@link Piece}. */
  piece: u8,
});

const MORE_FRAGMENTS = 0x2000;
const FRAGMENT_OFFSET = 0x1fff;
const VERSION_4 = 4;
const SHORTEST = 20;

/** Extension headers of IPv6 (RFC 8200, RFC 4302). */
const Extension = {
  HopByHop: 0,
  Routing: 43,
  Fragment: 44,
  Authentication: 51,
  None: 59,
  Destination: 60,
} as const;
/** More than these nobody needs. */
const MAX_EXTENSIONS = 6;
const ExtensionHeader = struct(
  'extension_header',
  {
    next: u8,
    length: u8,
    kind: u8,
    /** Of a routing header. */
    segmentsLeft: u8,
  },
  { packed: true },
);
const FragmentHeader = struct(
  'fragment_header',
  { next: u8, reserved: u8, fragment: be16, identification: be32 },
  { packed: true },
);
const MORE_FRAGMENTS_6 = 1;
const FRAGMENT_OFFSET_6 = 0xfff8;

/** The addresses of an IPv6 header, in words. */
export const Ipv6Addresses = struct(
  'ipv6_addresses',
  { source: Address, destination: Address },
  { packed: true },
);
export const IPV6_ADDRESSES = 8;

/**
 * Reads an IPv4 header.
 * @returns a reason to drop the packet, or 0.
 */
export function readHeader4(
  ctx: TcContext,
  offset: u16,
  ends: Infer<typeof Ends>,
  transport: Infer<typeof Transport>,
): u8 {
  const ip = ctx.at(Ipv4, offset);
  if (!ip || ip.versionAndLength >>> 4 !== VERSION_4 || ip.headerLength() < SHORTEST)
    return Reason.InvalidPacket;
  const { fragment } = ip;
  ends.source[2] = hton32(MAPPED);
  ends.source[3] = ip.source;
  ends.destination[2] = hton32(MAPPED);
  ends.destination[3] = ip.destination;
  transport.protocol = ip.protocol;
  transport.offset = u16(offset + ip.headerLength());
  transport.identification = hton32(ntoh16(ip.identification));
  transport.piece = pieceOf((fragment & FRAGMENT_OFFSET) !== 0, (fragment & MORE_FRAGMENTS) !== 0);
  // The second piece would write over the header of the first (RFC 1858).
  return (fragment & FRAGMENT_OFFSET) === 1 && ip.protocol === IpProtocol.Tcp ? Reason.InvalidPacket : 0;
}

/** Reads an IPv6 header, and those that extend it. */
export function readHeader6(
  ctx: TcContext,
  offset: u16,
  ends: Infer<typeof Ends>,
  transport: Infer<typeof Transport>,
): u8 {
  const ip = ctx.at(Ipv6, offset);
  const addresses = ctx.at(Ipv6Addresses, u16(offset + IPV6_ADDRESSES));
  if (!ip || !addresses) return Reason.InvalidPacket;
  ends.source = addresses.source;
  ends.destination = addresses.destination;
  transport.piece = Piece.Whole;
  transport.protocol = ip.nextHeader;
  transport.offset = u16(offset + Ipv6.size);
  for (let turn = 0; turn <= MAX_EXTENSIONS; turn++) {
    const { protocol } = transport;
    if (protocol === Extension.None) return Reason.InvalidExtensionHeader;
    if (!isExtension(protocol)) return 0;
    if (turn === MAX_EXTENSIONS || (protocol === Extension.HopByHop && turn > 0)) break;
    const reason =
      protocol === Extension.Fragment ? passFragmentHeader(ctx, transport) : passExtension(ctx, transport);
    // What comes later in a datagram is data.
    if (reason !== 0 || transport.piece === Piece.Later) return reason;
  }
  return Reason.InvalidExtensionHeader;
}

function isExtension(protocol: u8): bool {
  return (
    protocol === Extension.HopByHop ||
    protocol === Extension.Destination ||
    protocol === Extension.Fragment ||
    protocol === Extension.Routing ||
    protocol === Extension.Authentication
  );
}

function passExtension(ctx: TcContext, transport: Infer<typeof Transport>): u8 {
  const { protocol, offset } = transport;
  const header = ctx.at(ExtensionHeader, offset);
  if (!header) return Reason.InvalidPacket;
  // It would go on to somebody whom policy was not asked about (RFC 5095).
  if (protocol === Extension.Routing && header.segmentsLeft !== 0) return Reason.InvalidExtensionHeader;
  const length = protocol === Extension.Authentication ? (header.length + 2) * 4 : (header.length + 1) * 8;
  transport.protocol = header.next;
  transport.offset = u16(offset + length);
  return 0;
}

function passFragmentHeader(ctx: TcContext, transport: Infer<typeof Transport>): u8 {
  const header = ctx.at(FragmentHeader, transport.offset);
  if (!header || transport.piece !== Piece.Whole) return Reason.InvalidExtensionHeader;
  const { fragment } = header;
  transport.protocol = header.next;
  transport.offset = u16(transport.offset + FragmentHeader.size);
  transport.identification = header.identification;
  transport.piece = pieceOf((fragment & FRAGMENT_OFFSET_6) !== 0, (fragment & MORE_FRAGMENTS_6) !== 0);
  return 0;
}

function pieceOf(isLater: bool, hasMore: bool): u8 {
  if (isLater) return Piece.Later;
  return hasMore ? Piece.First : Piece.Whole;
}
