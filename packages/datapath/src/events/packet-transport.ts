/** What IP carries: TCP with its options, UDP, SCTP, and ICMP of both families with the packet that an error is about. */
import { IpProtocol } from '@waggle/bpf';
import type { Bytes } from './bytes.ts';
import type { Packet } from './packet.ts';

/** The flags of TCP in the order of their bits. */
export const TCP_FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'] as const;
export type TcpFlagName = (typeof TCP_FLAGS)[number];

export interface TcpOptions {
  readonly maximumSegment?: number;
  /** The count of bits by which windows are shifted. */
  readonly windowScale?: number;
  readonly selectiveAcknowledgement?: boolean;
  readonly timestamps?: { readonly value: number; readonly echo: number };
  /** The kinds of others. */
  readonly others?: readonly number[];
}

export interface TcpHeader {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly flags: readonly TcpFlagName[];
  readonly window: number;
  readonly options?: TcpOptions;
}

export interface UdpHeader {
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Bytes from this header on, as it says itself. */
  readonly length: number;
}

export interface SctpHeader {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly tag: number;
  /** The type of its first chunk. */
  readonly chunk?: number;
}

export interface IcmpHeader {
  readonly type: number;
  readonly code: number;
  /** Of an echo. */
  readonly identifier?: number;
  readonly sequence?: number;
  /** Of an error: the packet that it is about. */
  readonly about?: Packet;
}

/** One of them, or none. */
export interface Transport {
  readonly tcp?: TcpHeader;
  readonly udp?: UdpHeader;
  readonly sctp?: SctpHeader;
  readonly icmp?: IcmpHeader;
}

/** Types that carry an identifier, and those that carry a packet. */
const ICMP = { echoes: new Set([0, 8]), errors: new Set([3, 4, 5, 11, 12]) } as const;
const ICMP6 = { echoes: new Set([128, 129]), errors: new Set([1, 2, 3, 4]) } as const;

/**
 * Reads a header.
 * @param decode - Reads the packet in an ICMP error, if that is wanted.
 */
export function readTransport(
  bytes: Bytes,
  protocol: number,
  decode: ((data: Uint8Array) => Packet) | undefined,
): Transport | undefined {
  switch (protocol) {
    case IpProtocol.Tcp:
      return readTcp(bytes);
    case IpProtocol.Udp: {
      const udp = { sourcePort: bytes.u16(), destinationPort: bytes.u16(), length: bytes.u16() };
      bytes.u16();
      return bytes.isCut ? undefined : { udp };
    }
    case IpProtocol.Sctp:
      return readSctp(bytes);
    case IpProtocol.Icmp:
      return readIcmp(bytes, ICMP, decode);
    case IpProtocol.Icmpv6:
      return readIcmp(bytes, ICMP6, decode);
    default:
      return undefined;
  }
}

function readTcp(bytes: Bytes): Transport | undefined {
  const [sourcePort, destinationPort] = [bytes.u16(), bytes.u16()];
  const [sequence, acknowledgement] = [bytes.u32(), bytes.u32()];
  const headerLength = (bytes.u8() >>> 4) * 4;
  const bits = bytes.u8();
  const window = bytes.u16();
  bytes.u32();
  if (bytes.isCut) return undefined;
  const flags = TCP_FLAGS.filter((_, bit) => (bits & (1 << bit)) !== 0);
  const options = headerLength > 20 ? readTcpOptions(bytes.sub(headerLength - 20)) : {};
  if (headerLength < 20) bytes.cut();
  return {
    tcp: {
      sourcePort,
      destinationPort,
      sequence,
      acknowledgement,
      flags,
      window,
      ...(Object.keys(options).length > 0 && { options }),
    },
  };
}

const TcpOption = {
  End: 0,
  Nothing: 1,
  MaximumSegment: 2,
  WindowScale: 3,
  SackPermitted: 4,
  Timestamps: 8,
} as const;

function readTcpOptions(bytes: Bytes): TcpOptions {
  let options: TcpOptions = {};
  while (bytes.left > 0) {
    const kind = bytes.u8();
    if (kind === TcpOption.End) break;
    if (kind === TcpOption.Nothing) continue;
    const length = bytes.u8();
    // An option that would not end, or that is cut off, says nothing about those behind it.
    if (length < 2 || length - 2 > bytes.left) break;
    options = { ...options, ...readTcpOption(kind, bytes.sub(length - 2), options) };
  }
  return options;
}

function readTcpOption(kind: number, bytes: Bytes, { others = [] }: TcpOptions): TcpOptions {
  switch (kind) {
    case TcpOption.MaximumSegment:
      return { maximumSegment: bytes.u16() };
    case TcpOption.WindowScale:
      return { windowScale: bytes.u8() };
    case TcpOption.SackPermitted:
      return { selectiveAcknowledgement: true };
    case TcpOption.Timestamps:
      return { timestamps: { value: bytes.u32(), echo: bytes.u32() } };
    default:
      return { others: [...others, kind] };
  }
}

function readSctp(bytes: Bytes): Transport | undefined {
  const [sourcePort, destinationPort, tag] = [bytes.u16(), bytes.u16(), bytes.u32()];
  bytes.u32();
  if (bytes.isCut) return undefined;
  const chunk = bytes.peek();
  return { sctp: { sourcePort, destinationPort, tag, ...(chunk !== undefined && { chunk }) } };
}

function readIcmp(
  bytes: Bytes,
  { echoes, errors }: typeof ICMP | typeof ICMP6,
  decode: ((data: Uint8Array) => Packet) | undefined,
): Transport | undefined {
  const [type, code] = [bytes.u8(), bytes.u8()];
  bytes.u16();
  if (bytes.isCut) return undefined;
  const [identifier, sequence] = [bytes.u16(), bytes.u16()];
  const isError = (errors as ReadonlySet<number>).has(type);
  const isEcho = (echoes as ReadonlySet<number>).has(type);
  return {
    icmp: {
      type,
      code,
      ...(isEcho && { identifier, sequence }),
      ...(isError && decode && bytes.left > 0 && { about: decode(bytes.rest()) }),
    },
  };
}
