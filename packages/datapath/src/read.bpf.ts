/** Reads packets of every day at once; readFlow() reads all others, with more care. */
import {
  type bool,
  Ethernet,
  type Infer,
  IpProtocol,
  Ipv4,
  Ipv6,
  ntoh32,
  Ports,
  type TcContext,
  u8,
  zeroed,
} from '@waggle/bpf';
import { Ends, type Flow, order, type Tuple4 } from './flow.bpf.ts';
import { IPV6_ADDRESSES, Ipv6Addresses } from './headers.bpf.ts';
import { hasPorts, TCP_FLAGS } from './transport.bpf.ts';

/** Version 4, and no options. */
const PLAIN_IPV4 = 0x45;
/** Whether there are other pieces; all but the flag that forbids to make some. */
const PIECES = 0x3fff;
const TRANSPORT4 = Ethernet.size + Ipv4.size;
const TRANSPORT6 = Ethernet.size + Ipv6.size;

/** Reads a packet of IPv4. @returns whether it is one of every day. */
export function readPlain4(ctx: TcContext, flow: Infer<typeof Flow>, tuple: Infer<typeof Tuple4>): bool {
  const ip = ctx.at(Ipv4, Ethernet.size);
  const ports = ctx.at(Ports, TRANSPORT4);
  if (!ip || !ports || ip.versionAndLength !== PLAIN_IPV4) return false;
  const { protocol } = ip;
  if ((ip.fragment & PIECES) !== 0 || !hasPorts(protocol)) return false;
  const upwards = ntoh32(ip.source) < ntoh32(ip.destination);
  flow.upwards = upwards ? 1 : 0;
  flow.port = ports.destination;
  flow.tuple.protocol = protocol;
  if (protocol === IpProtocol.Tcp) flow.tcpFlags = ctx.at(u8, TRANSPORT4 + TCP_FLAGS) ?? 0;
  tuple.low = upwards ? ip.source : ip.destination;
  tuple.high = upwards ? ip.destination : ip.source;
  tuple.lowPort = upwards ? ports.source : ports.destination;
  tuple.highPort = upwards ? ports.destination : ports.source;
  tuple.protocol = protocol;
  return true;
}

/** Reads a packet of IPv6. @returns whether it is one of every day. */
export function readPlain6(ctx: TcContext, flow: Infer<typeof Flow>): bool {
  const ip = ctx.at(Ipv6, Ethernet.size);
  const addresses = ctx.at(Ipv6Addresses, Ethernet.size + IPV6_ADDRESSES);
  const ports = ctx.at(Ports, TRANSPORT6);
  if (!ip || !addresses || !ports || !hasPorts(ip.nextHeader)) return false;
  flow.port = ports.destination;
  flow.tuple.protocol = ip.nextHeader;
  if (ip.nextHeader === IpProtocol.Tcp) flow.tcpFlags = ctx.at(u8, TRANSPORT6 + TCP_FLAGS) ?? 0;
  const ends = zeroed(Ends);
  ends.source = addresses.source;
  ends.destination = addresses.destination;
  ends.sourcePort = ports.source;
  ends.destinationPort = ports.destination;
  order(flow, ends);
  return true;
}
