/**
 * Reads the first bytes of a packet: Ethernet, IPv4 and IPv6 with their options and extension headers, and what they carry
 * (packet-transport.ts). It reads what is there and says where a packet is cut off; it never throws, whatever the bytes are.
 */
import { formatAddress, formatMac } from '@waggle/kernel';
import { Bytes } from './bytes.ts';
import { readTransport, type Transport } from './packet-transport.ts';

export interface EthernetHeader {
  readonly source: string;
  readonly destination: string;
  /** The EtherType, behind VLAN tags. */
  readonly type: number;
  /** VLANs, the outer one first. */
  readonly vlans?: readonly number[];
}

/** A piece of a datagram. */
export interface FragmentPlace {
  readonly identification: number;
  /** Bytes of the datagram before this one. */
  readonly offset: number;
  readonly more: boolean;
}

export interface IpHeader {
  readonly version: 4 | 6;
  readonly source: string;
  readonly destination: string;
  /** IANA's number of what it carries, behind all extension headers. */
  readonly protocol: number;
  readonly timeToLive: number;
  /** DSCP and ECN. */
  readonly trafficClass: number;
  /** Bytes from this header on, as it says itself. */
  readonly length: number;
  readonly fragment?: FragmentPlace;
  /** IPv4: the kinds of options; IPv6: the numbers of extension headers. */
  readonly options?: readonly number[];
  readonly flowLabel?: number;
}

export interface ArpMessage {
  /** 1: request, 2: reply. */
  readonly operation: number;
  readonly senderMac: string;
  readonly senderAddress: string;
  readonly targetMac: string;
  readonly targetAddress: string;
}

/** What could be read of a packet. */
export interface Packet extends Transport {
  readonly ethernet?: EthernetHeader;
  readonly arp?: ArpMessage;
  readonly ip?: IpHeader;
  /** A header is cut off, or contradicts itself. */
  readonly truncated: boolean;
}

const Ether = { Ipv4: 0x0800, Arp: 0x0806, Vlan: 0x8100, Ipv6: 0x86dd, ServiceVlan: 0x88a8 } as const;
const MAX_VLANS = 4;

/** Extension headers that have their length in units of 8 bytes: hop-by-hop, routing, destination, mobility, HIP, shim6. */
const EXTENSIONS: ReadonlySet<number> = new Set([0, 43, 60, 135, 139, 140]);
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const MAX_EXTENSIONS = 16;

/** Reads a packet from its Ethernet header on. */
export function decodePacket(data: Uint8Array): Packet {
  const bytes = new Bytes(data);
  const [destination, source] = [bytes.take(6), bytes.take(6)];
  let type = bytes.u16();
  const vlans: number[] = [];
  while ((type === Ether.Vlan || type === Ether.ServiceVlan) && vlans.length < MAX_VLANS) {
    vlans.push(bytes.u16() & 0xfff);
    type = bytes.u16();
  }
  if (bytes.isCut) return { truncated: true };
  const ethernet = {
    source: formatMac(source),
    destination: formatMac(destination),
    type,
    ...(vlans.length > 0 && { vlans }),
  };
  if (type === Ether.Arp) return { ethernet, ...readArp(bytes) };
  if (type === Ether.Ipv4 || type === Ether.Ipv6) return { ethernet, ...readIp(bytes) };
  return { ethernet, truncated: false };
}

/** Reads a packet from its IP header on. */
export const decodeIpPacket = (data: Uint8Array): Packet => readIp(new Bytes(data));

/** The packet that an ICMP error is about. No error is about another one, so what claims to be is read no further. */
const decodeQuoted = (data: Uint8Array): Packet => readIp(new Bytes(data), true);

function readIp(bytes: Bytes, isQuoted = false): Packet {
  const version = (bytes.peek() ?? 0) >>> 4;
  const ip = version === 4 ? readIpv4(bytes) : version === 6 ? readIpv6(bytes) : undefined;
  if (!ip) return { truncated: true };
  // What follows another piece of a datagram is the middle of it.
  if ((ip.fragment?.offset ?? 0) > 0) return { ip, truncated: bytes.isCut };
  const transport = readTransport(bytes, ip.protocol, isQuoted ? undefined : decodeQuoted);
  return { ip, ...transport, truncated: bytes.isCut };
}

function readIpv4(bytes: Bytes): IpHeader | undefined {
  const headerLength = (bytes.u8() & 0xf) * 4;
  const trafficClass = bytes.u8();
  const length = bytes.u16();
  const identification = bytes.u16();
  const place = bytes.u16();
  const timeToLive = bytes.u8();
  const protocol = bytes.u8();
  bytes.u16();
  const [source, destination] = [bytes.take(4), bytes.take(4)];
  if (bytes.isCut) return undefined;
  if (headerLength < 20) {
    bytes.cut();
    return undefined;
  }
  const options = readIpv4Options(bytes.sub(headerLength - 20));
  const offset = (place & 0x1fff) * 8;
  const more = (place & 0x2000) !== 0;
  return {
    version: 4,
    source: formatAddress(source),
    destination: formatAddress(destination),
    protocol,
    timeToLive,
    trafficClass,
    length,
    ...((offset > 0 || more) && { fragment: { identification, offset, more } }),
    ...(options.length > 0 && { options }),
  };
}

/** The kinds of options, up to their end. */
function readIpv4Options(bytes: Bytes): number[] {
  const kinds: number[] = [];
  while (bytes.left > 0) {
    const kind = bytes.u8();
    if (kind === 0) break;
    kinds.push(kind);
    if (kind === 1) continue;
    const length = bytes.u8();
    if (length < 2) break;
    bytes.take(length - 2);
  }
  return kinds;
}

function readIpv6(bytes: Bytes): IpHeader | undefined {
  const word = bytes.u32();
  const length = bytes.u16() + 40;
  let protocol = bytes.u8();
  const timeToLive = bytes.u8();
  const [source, destination] = [bytes.take(16), bytes.take(16)];
  if (bytes.isCut) return undefined;
  const options: number[] = [];
  let fragment: FragmentPlace | undefined;
  while (options.length < MAX_EXTENSIONS && isExtension(protocol) && (fragment?.offset ?? 0) === 0) {
    options.push(protocol);
    const next = bytes.u8();
    const size = bytes.u8();
    if (protocol === FRAGMENT) {
      const place = bytes.u16();
      fragment = {
        offset: place & 0xfff8,
        more: (place & 1) !== 0,
        identification: bytes.u32(),
      };
    } else bytes.take(protocol === AUTHENTICATION ? size * 4 + 6 : size * 8 + 6);
    if (bytes.isCut) break;
    protocol = next;
  }
  return {
    version: 6,
    source: formatAddress(source),
    destination: formatAddress(destination),
    protocol,
    timeToLive,
    trafficClass: (word >>> 20) & 0xff,
    length,
    ...(fragment && { fragment }),
    ...(options.length > 0 && { options }),
    flowLabel: word & 0xfffff,
  };
}

const isExtension = (protocol: number): boolean =>
  EXTENSIONS.has(protocol) || protocol === FRAGMENT || protocol === AUTHENTICATION;

function readArp(bytes: Bytes): Packet {
  const kind = bytes.u32();
  const sizes = bytes.u16();
  const operation = bytes.u16();
  const [senderMac, senderAddress] = [bytes.take(6), bytes.take(4)];
  const [targetMac, targetAddress] = [bytes.take(6), bytes.take(4)];
  // Ethernet and IPv4, addresses of 6 and 4 bytes; nobody uses others.
  if (bytes.isCut || kind !== 0x1_0800 || sizes !== 0x604) return { truncated: bytes.isCut };
  return {
    arp: {
      operation,
      senderMac: formatMac(senderMac),
      senderAddress: formatAddress(senderAddress),
      targetMac: formatMac(targetMac),
      targetAddress: formatAddress(targetAddress),
    },
    truncated: false,
  };
}
