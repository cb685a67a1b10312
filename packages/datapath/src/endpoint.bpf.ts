/**
 * The programs at an endpoint's veth pair, on the host's end of it. What an endpoint sends is checked, decided, and handed on:
 * straight into the other endpoint, if it is one of this host, or to the host's routes. What comes from there is decided before
 * it goes in.
 */
import {
  type be16,
  type bool,
  Ethernet,
  EtherType,
  hton16,
  type Infer,
  Ipv4,
  Ipv6,
  type i32,
  ntoh16,
  type Ref,
  redirectPeer,
  Tc,
  type TcContext,
  tc,
  u8,
  u16,
  zeroed,
} from '@waggle/bpf';
import { Address } from './addresses.bpf.ts';
import type { Connection } from './connection.bpf.ts';
import { endpoint, isOwnIpv6, Mac, SOURCE_MAC } from './endpoint-config.bpf.ts';
import { Aggregation, monitoring, Point } from './event.bpf.ts';
import { Flow, Tuple4 } from './flow.bpf.ts';
import { follow, follow4 } from './follow.bpf.ts';
import { admitDiscovery, answerArp, answerDiscovery } from './neighbour.bpf.ts';
import { Towards } from './policy.bpf.ts';
import { readPlain4, readPlain6 } from './read.bpf.ts';
import { Reason } from './reasons.ts';
import { count, discard, drop, dropFlow, pass } from './report.bpf.ts';
import { tellTrace } from './tell.bpf.ts';
import { readFlow } from './transport.bpf.ts';

const IPV6_SOURCE = Ethernet.size + 8;

/** From an endpoint. */
export const fromEndpoint = tc((ctx) => {
  const protocol = ctx.at(Ethernet, 0)?.protocol ?? 0;
  if (protocol === EtherType.Arp) return answerArp(ctx);
  const flow = zeroed(Flow);
  const connection = protocol === EtherType.Ipv4 ? leave4(ctx, flow) : leave6(ctx, flow, protocol);
  if (!connection) {
    if (flow.refused === Reason.ForbiddenIcmpv6) return answerDiscovery(ctx);
    return refuse(ctx, flow, flow.refused, Towards.Away);
  }
  if (monitoring.aggregation === Aggregation.None) {
    tellTrace(ctx, flow, connection, Point.FromEndpoint, ctx.interfaceIndex);
  }
  return deliver(ctx, connection, flow, protocol);
});

/** To an endpoint, from the host's routes. */
export const toEndpoint = tc((ctx) => {
  const protocol = ctx.at(Ethernet, 0)?.protocol ?? 0;
  if (protocol === EtherType.Arp) return Tc.Ok;
  const flow = zeroed(Flow);
  const connection = protocol === EtherType.Ipv4 ? enter4(ctx, flow) : enter6(ctx, flow, protocol);
  if (!connection) {
    if (flow.refused === Reason.ForbiddenIcmpv6) return admitDiscovery(ctx);
    return refuse(ctx, flow, flow.refused, Towards.Endpoint);
  }
  if (flow.isNews === 1) tellTrace(ctx, flow, connection, Point.ToEndpoint, ctx.interfaceIndex);
  return pass(ctx, Towards.Endpoint);
});

/** The connection of a packet of IPv4 that the endpoint sends; null if it is refused, see `flow.refused`. */
function leave4(ctx: TcContext, flow: Infer<typeof Flow>): Ref<typeof Connection> | null {
  const tuple = zeroed(Tuple4);
  if (!readPlain4(ctx, flow, tuple)) return leave(ctx, flow, EtherType.Ipv4);
  const source = flow.upwards === 1 ? tuple.low : tuple.high;
  if (source === endpoint.ipv4) return follow4(ctx, flow, tuple);
  flow.refused = Reason.InvalidSource;
  return null;
}

/** The same for IPv6, and for what is neither. */
function leave6(ctx: TcContext, flow: Infer<typeof Flow>, protocol: be16): Ref<typeof Connection> | null {
  if (protocol !== EtherType.Ipv6 || !readPlain6(ctx, flow)) return leave(ctx, flow, protocol);
  const isOwn = flow.upwards === 1 ? isOwnIpv6(flow.tuple.low) : isOwnIpv6(flow.tuple.high);
  if (isOwn) return follow(ctx, flow);
  flow.refused = Reason.InvalidSource;
  return null;
}

/** The same for what has to be read with care. */
function leave(ctx: TcContext, flow: Infer<typeof Flow>, protocol: be16): Ref<typeof Connection> | null {
  flow.refused = readFlow(ctx, flow, protocol);
  if (flow.refused !== 0) return null;
  // Whoever is told of an error has sent something to the endpoint, and the endpoint tells it as itself.
  const { low, high } = flow.tuple;
  const isOwn = flow.upwards === 1 ? isOwnAddress(low, protocol) : isOwnAddress(high, protocol);
  if (isOwn && isFromOwnAddress(ctx, protocol)) return follow(ctx, flow);
  flow.refused = Reason.InvalidSource;
  return null;
}

function isOwnAddress(address: Infer<typeof Address>, protocol: be16): bool {
  return protocol === EtherType.Ipv4 ? address[3] === endpoint.ipv4 : isOwnIpv6(address);
}

function isFromOwnAddress(ctx: TcContext, protocol: be16): bool {
  if (protocol === EtherType.Ipv4) return ctx.at(Ipv4, Ethernet.size)?.source === endpoint.ipv4;
  const source = ctx.at(Address, IPV6_SOURCE);
  return source !== null && isOwnIpv6(source);
}

/** The connection of a packet of IPv4 for the endpoint. */
function enter4(ctx: TcContext, flow: Infer<typeof Flow>): Ref<typeof Connection> | null {
  const tuple = zeroed(Tuple4);
  return readPlain4(ctx, flow, tuple) ? follow4(ctx, flow, tuple) : enter(ctx, flow, EtherType.Ipv4);
}

/** The same for IPv6, and for what is neither. */
function enter6(ctx: TcContext, flow: Infer<typeof Flow>, protocol: be16): Ref<typeof Connection> | null {
  const isPlain = protocol === EtherType.Ipv6 && readPlain6(ctx, flow);
  return isPlain ? follow(ctx, flow) : enter(ctx, flow, protocol);
}

/** The same for what has to be read with care. */
function enter(ctx: TcContext, flow: Infer<typeof Flow>, protocol: be16): Ref<typeof Connection> | null {
  flow.refused = readFlow(ctx, flow, protocol);
  return flow.refused === 0 ? follow(ctx, flow) : null;
}

/** Drops a packet: with no more ado than need be, where it is for the link or for a group, as those of any host are. */
function refuse(ctx: TcContext, flow: Infer<typeof Flow>, reason: u8, towards: u8): i32 {
  const isQuiet = reason === Reason.MulticastHandled || reason === Reason.IgmpHandled;
  return isQuiet ? discard(ctx, reason, towards) : dropFlow(ctx, flow, reason, towards);
}

/** Hands a packet to the other end. */
function deliver(
  ctx: TcContext,
  connection: Infer<typeof Connection>,
  flow: Infer<typeof Flow>,
  protocol: be16,
): i32 {
  const upwards = flow.upwards === 1;
  const target = upwards ? connection.toHigh : connection.toLow;
  // A packet at the end of its hops is the host's to report.
  if (target === 0 || !decrementHops(ctx, protocol)) {
    if (flow.isNews === 1) tellTrace(ctx, flow, connection, Point.ToStack, ctx.interfaceIndex);
    return pass(ctx, Towards.Away);
  }
  const ethernet = ctx.at(Ethernet, 0);
  const source = ctx.at(Mac, SOURCE_MAC);
  if (!ethernet || !source) return drop(ctx, Reason.InvalidPacket, Towards.Away);
  if (upwards) ethernet.destination = connection.highMac;
  else ethernet.destination = connection.lowMac;
  source.high = endpoint.gatewayHigh;
  source.low = endpoint.gatewayLow;
  if (flow.isNews === 1) tellTrace(ctx, flow, connection, Point.ToEndpoint, target);
  count(ctx, Reason.Forwarded, Towards.Away);
  return redirectPeer(target, 0n);
}

/** One hop less, with the checksum (RFC 1141). */
function decrementHops(ctx: TcContext, protocol: be16): bool {
  if (protocol === EtherType.Ipv4) {
    const ip = ctx.at(Ipv4, Ethernet.size);
    if (!ip || ip.timeToLive <= 1) return false;
    ip.timeToLive = u8(ip.timeToLive - 1);
    const sum = ntoh16(ip.checksum) + 0x100;
    ip.checksum = hton16(u16((sum & 0xffff) + (sum >>> 16)));
    return true;
  }
  const ip = ctx.at(Ipv6, Ethernet.size);
  if (!ip || ip.hopLimit <= 1) return false;
  ip.hopLimit = u8(ip.hopLimit - 1);
  return true;
}
