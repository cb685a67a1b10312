/** How a packet of an endpoint goes on: straight into the other endpoint, if it is one of this host, or to the host's routes. */
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
  redirectPeer,
  type TcContext,
  u8,
  u16,
} from '@waggle/bpf';
import type { Connection } from './connection.bpf.ts';
import { Point } from './event.bpf.ts';
import type { Flow } from './flow.bpf.ts';
import { Mac, SOURCE_MAC, setGateway } from './mac.bpf.ts';
import { Towards } from './policy.bpf.ts';
import { Reason } from './reasons.ts';
import { count, drop, pass } from './report.bpf.ts';
import { tellTrace } from './tell.bpf.ts';

/** Hands a packet to the other end. */
export function deliver(
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
  setGateway(source);
  if (upwards) ethernet.destination = connection.highMac;
  else ethernet.destination = connection.lowMac;
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
