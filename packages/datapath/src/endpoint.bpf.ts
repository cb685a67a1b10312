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
  TcpFlag,
  tc,
  u8,
  u16,
  type u32,
  zeroed,
} from '@waggle/bpf';
import { Address, isGroupAddress } from './addresses.bpf.ts';
import { advance, type Connection, clock, connections, generations } from './connection.bpf.ts';
import { decide } from './decide.bpf.ts';
import { endpoint, isOwnIpv6, Mac, SOURCE_MAC } from './endpoint-config.bpf.ts';
import { Aggregation, monitoring, Point } from './event.bpf.ts';
import { Flow, readFlow } from './flow.bpf.ts';
import { admitDiscovery, answerArp, answerDiscovery } from './neighbour.bpf.ts';
import { Towards } from './policy.bpf.ts';
import { Reason } from './reasons.ts';
import { count, discard, drop, dropFlow, pass } from './report.bpf.ts';
import { tellTrace } from './tell.bpf.ts';
import { isNews } from './trace.bpf.ts';

const IPV6_SOURCE = Ethernet.size + 8;

/** From an endpoint. */
export const fromEndpoint = tc((ctx) => {
  const protocol = ctx.at(Ethernet, 0)?.protocol ?? 0;
  if (protocol === EtherType.Arp) return answerArp(ctx);
  const flow = zeroed(Flow);
  const unreadable = readFlow(ctx, flow, protocol);
  if (unreadable === Reason.ForbiddenIcmpv6) return answerDiscovery(ctx);
  if (unreadable !== 0) return refuse(ctx, flow, unreadable, Towards.Away);
  if (!isOwnAddress(ctx, protocol)) return drop(ctx, Reason.InvalidSource, Towards.Away);
  const connection = follow(ctx, flow);
  if (!connection) return refuse(ctx, flow, flow.refused, Towards.Away);
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
  const unreadable = readFlow(ctx, flow, protocol);
  if (unreadable === Reason.ForbiddenIcmpv6) return admitDiscovery(ctx);
  if (unreadable !== 0) return refuse(ctx, flow, unreadable, Towards.Endpoint);
  const connection = follow(ctx, flow);
  if (!connection) return refuse(ctx, flow, flow.refused, Towards.Endpoint);
  if (flow.isNews === 1) tellTrace(ctx, flow, connection, Point.ToEndpoint, ctx.interfaceIndex);
  return pass(ctx, Towards.Endpoint);
});

/** The connection of a packet, decided about if need be; null for a packet that is refused, see `flow.refused`. */
export function follow(ctx: TcContext, flow: Infer<typeof Flow>): Ref<typeof Connection> | null {
  const generation = generations.lookup(0) ?? 0;
  const now = clock();
  const known = connections.lookup(flow.tuple);
  const isDecided = known !== null && known.generation === generation && goesOn(known, flow, now);
  const connection = isDecided ? known : begin(ctx, flow, known, generation, now);
  if (!connection) return null;
  advance(connection, flow, now);
  if (isNews(connection, flow, now)) flow.isNews = 1;
  return connection;
}

/** Whether a packet belongs to a connection that we know, and does not begin another one where that has ended. */
function goesOn(known: Ref<typeof Connection>, flow: Infer<typeof Flow>, now: u32): bool {
  if (known.expires <= now) return false;
  return !known.isOver() || (flow.tcpFlags & (TcpFlag.Syn | TcpFlag.Ack)) !== TcpFlag.Syn;
}

/** Decides about a packet. @returns its connection, or null when it is refused. */
function begin(
  ctx: TcContext,
  flow: Infer<typeof Flow>,
  known: Ref<typeof Connection> | null,
  generation: u32,
  now: u32,
): Ref<typeof Connection> | null {
  const before = known && goesOn(known, flow, now) ? known : null;
  flow.isFirst = before ? 0 : 1;
  if (!before && isGroupAddress(flow.tuple.high)) {
    flow.refused = Reason.MulticastHandled;
    return null;
  }
  // What is about no connection that we know is about nothing that was allowed.
  const isStray = flow.related === 1 && !before;
  const reason = isStray ? Reason.PolicyDenied : decide(ctx, flow, before, generation);
  flow.refused = reason === 0 ? Reason.ConnectionTableFull : reason;
  return reason === 0 ? connections.lookup(flow.tuple) : null;
}

function isOwnAddress(ctx: TcContext, protocol: be16): bool {
  if (protocol === EtherType.Ipv4) return ctx.at(Ipv4, Ethernet.size)?.source === endpoint.ipv4;
  const source = ctx.at(Address, IPV6_SOURCE);
  return source !== null && isOwnIpv6(source);
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
