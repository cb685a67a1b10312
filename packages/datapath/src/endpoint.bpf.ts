/**
 * The programs at an endpoint's veth pair, on the host's end of it. What an endpoint sends is checked, decided, and handed on:
 * straight into the other endpoint, if it is one of this host, or to the host's routes. What comes from there is decided before
 * it goes in.
 */
import {
  Arp,
  be16,
  be32,
  type bool,
  config,
  Ethernet,
  EtherType,
  hton16,
  type Infer,
  Ipv4,
  Ipv6,
  type i32,
  ntoh16,
  type Ref,
  redirect,
  redirectPeer,
  struct,
  Tc,
  type TcContext,
  TcpFlag,
  tc,
  u8,
  u16,
  u32,
  zeroed,
} from '@waggle/bpf';
import { Address } from './addresses.bpf.ts';
import { advance, type Connection, clock, connections, generations } from './connection.bpf.ts';
import { decide } from './decide.bpf.ts';
import { Aggregation, monitoring, Point } from './event.bpf.ts';
import { Flow, readFlow } from './flow.bpf.ts';
import { Towards } from './policy.bpf.ts';
import { Reason } from './reasons.ts';
import { count, drop, dropFlow, pass } from './report.bpf.ts';
import { tellTrace } from './tell.bpf.ts';
import { isNews } from './trace.bpf.ts';

/** What is known of an endpoint when its programs are loaded. */
export const endpoint = config({
  /** The host's end of its pair. */
  interface: u32,
  ipv4: be32,
  /** Its IPv6 address, in words. */
  ipv6Word0: be32,
  ipv6Word1: be32,
  ipv6Word2: be32,
  ipv6Word3: be32,
  /** The MAC address that it takes for its gateway's, in two parts. */
  gatewayHigh: be32,
  gatewayLow: be16,
});

/** A MAC address in two parts, as configs have it. */
const Mac = struct('mac', { high: be32, low: be16 }, { packed: true });
const SOURCE_MAC = 6;
const ARP_SENDER_MAC = Ethernet.size + 8;
const ARP_REQUEST = 1;
const ARP_REPLY = 2;
const IPV6_SOURCE = Ethernet.size + 8;

/** From an endpoint. */
export const fromEndpoint = tc((ctx) => {
  const protocol = ctx.at(Ethernet, 0)?.protocol ?? 0;
  if (protocol === EtherType.Arp) return answerArp(ctx);
  const flow = zeroed(Flow);
  const unreadable = readFlow(ctx, flow, protocol);
  if (unreadable !== 0) return drop(ctx, unreadable, Towards.Away);
  if (!isOwnAddress(ctx, protocol)) return drop(ctx, Reason.InvalidSource, Towards.Away);
  const connection = follow(ctx, flow);
  if (!connection) return dropFlow(ctx, flow, flow.refused, Towards.Away);
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
  if (unreadable !== 0) return drop(ctx, unreadable, Towards.Endpoint);
  const connection = follow(ctx, flow);
  if (!connection) return dropFlow(ctx, flow, flow.refused, Towards.Endpoint);
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
  // What is about no connection that we know is about nothing that was allowed.
  const isStray = flow.related === 1 && !before;
  const reason = isStray ? Reason.PolicyDenied : decide(ctx, flow, before, generation);
  flow.refused = reason === 0 ? Reason.ConnectionTableFull : reason;
  return reason === 0 ? connections.lookup(flow.tuple) : null;
}

function isOwnAddress(ctx: TcContext, protocol: be16): bool {
  if (protocol === EtherType.Ipv4) return ctx.at(Ipv4, Ethernet.size)?.source === endpoint.ipv4;
  const source = ctx.at(Address, IPV6_SOURCE);
  if (!source) return false;
  return (
    source[0] === endpoint.ipv6Word0 &&
    source[1] === endpoint.ipv6Word1 &&
    source[2] === endpoint.ipv6Word2 &&
    source[3] === endpoint.ipv6Word3
  );
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

/** Whatever an endpoint asks for, the way there is through the host. */
function answerArp(ctx: TcContext): i32 {
  const ethernet = ctx.at(Ethernet, 0);
  const arp = ctx.at(Arp, Ethernet.size);
  const source = ctx.at(Mac, SOURCE_MAC);
  const sender = ctx.at(Mac, ARP_SENDER_MAC);
  if (!ethernet || !arp || !source || !sender) return drop(ctx, Reason.InvalidPacket, Towards.Away);
  if (arp.senderAddress !== endpoint.ipv4) return drop(ctx, Reason.InvalidSource, Towards.Away);
  if (arp.operation !== ARP_REQUEST) return drop(ctx, Reason.InvalidPacket, Towards.Away);
  const asked = arp.targetAddress;
  arp.operation = ARP_REPLY;
  arp.targetMac = arp.senderMac;
  arp.targetAddress = arp.senderAddress;
  arp.senderAddress = asked;
  ethernet.destination = ethernet.source;
  source.high = endpoint.gatewayHigh;
  source.low = endpoint.gatewayLow;
  sender.high = endpoint.gatewayHigh;
  sender.low = endpoint.gatewayLow;
  return redirect(endpoint.interface, 0n);
}
