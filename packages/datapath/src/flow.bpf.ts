/**
 * What a packet belongs to: its two ends, in an order that is the same for both directions, so that a connection has one
 * entry. The lower address is called low, the other one high.
 */
import { be16, be32, type bool, type Infer, ntoh32, struct, u8, u16, u32, u64 } from '@waggle/bpf';
import { Address } from './addresses.bpf.ts';

/** A connection, by its ends, in either family. For ICMP both ports are the identifier. */
export const Tuple = struct('tuple', {
  low: Address,
  high: Address,
  lowPort: be16,
  highPort: be16,
  protocol: u8,
});

/** A connection of IPv4: short keys are found sooner. */
export const Tuple4 = struct('tuple4', {
  low: be32,
  high: be32,
  lowPort: be16,
  highPort: be16,
  protocol: u8,
});

/** A packet's place in a connection. */
export const Flow = struct('flow', {
  /** Of an established packet of IPv4 that nobody is told of only the protocol. */
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
  /** Whose policy refuses it, see `Refuser`. */
  refuser: u8,
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

/** Who sends to whom, in either family. For ICMP both ports are the identifier. */
export const Ends = struct('ends', {
  source: Address,
  destination: Address,
  sourcePort: be16,
  destinationPort: be16,
});

/** Puts the ends of a packet in order. */
export function order(flow: Infer<typeof Flow>, ends: Infer<typeof Ends>): void {
  const { tuple } = flow;
  const upwards = isLess(ends.source, ends.destination);
  flow.upwards = upwards ? 1 : 0;
  if (upwards) {
    tuple.low = ends.source;
    tuple.high = ends.destination;
    tuple.lowPort = ends.sourcePort;
    tuple.highPort = ends.destinationPort;
  } else {
    tuple.low = ends.destination;
    tuple.high = ends.source;
    tuple.lowPort = ends.destinationPort;
    tuple.highPort = ends.sourcePort;
  }
}

/** Word by word: packets are not read at variable places. */
export function isLess(a: Infer<typeof Address>, b: Infer<typeof Address>): bool {
  if (a[0] !== b[0]) return ntoh32(a[0] ?? 0) < ntoh32(b[0] ?? 0);
  if (a[1] !== b[1]) return ntoh32(a[1] ?? 0) < ntoh32(b[1] ?? 0);
  if (a[2] !== b[2]) return ntoh32(a[2] ?? 0) < ntoh32(b[2] ?? 0);
  return ntoh32(a[3] ?? 0) < ntoh32(b[3] ?? 0);
}
