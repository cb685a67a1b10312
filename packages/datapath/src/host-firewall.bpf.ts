/**
 * The firewall of the host: what it sends and gets itself, to and from the network, is decided by the policy of identity 1, as that
 * of an endpoint is. Connections between the host and its endpoints are asked where the endpoints are (see decide.bpf.ts).
 * What is for the link alone, and what goes to groups, passes: without it there is no network.
 */
import {
  type be16,
  type bool,
  Ethernet,
  EtherType,
  type Infer,
  Ipv4,
  Ipv6,
  type TcContext,
  u8,
  type u16,
  zeroed,
} from '@waggle/bpf';
import { type Address, HOST, isGroupAddress, peerIdentity } from './addresses.bpf.ts';
import { findConnection } from './connection.bpf.ts';
import { Here } from './decide.bpf.ts';
import { isDeviceAddress } from './device-config.bpf.ts';
import { Point } from './event.bpf.ts';
import type { Flow } from './flow.bpf.ts';
import { Followed, follow } from './follow.bpf.ts';
import { isAboutGroups, isAboutNeighbours, REDIRECT } from './icmpv6.bpf.ts';
import { Towards } from './policy.bpf.ts';
import { tellTrace } from './tell.bpf.ts';

const Protocol = { HopByHop: 0, Igmp: 2, Icmpv6: 58, None: 59 } as const;
const MESSAGE = Ethernet.size + Ipv6.size;
/** The option that announces those messages which routers have to look at. */
const HOP_BY_HOP_SIZE = 8;
const ROUTER_RENUMBERING = 138;

/** What {@link linkMessage} says of a packet. */
export const LinkMessage = { No: 0, Yes: 1, Forbidden: 2 } as const;

/** Whether a packet is for the link alone: who is there, who routes, who listens to which group (RFC 4890, 4.4). */
export function linkMessage(ctx: TcContext, protocol: be16): u8 {
  if (protocol === EtherType.Ipv4) {
    return ctx.at(Ipv4, Ethernet.size)?.protocol === Protocol.Igmp ? LinkMessage.Yes : LinkMessage.No;
  }
  const next = ctx.at(Ipv6, Ethernet.size)?.nextHeader ?? Protocol.None;
  if (next === Protocol.Icmpv6) return kindOf(ctx, MESSAGE);
  if (next !== Protocol.HopByHop || (ctx.at(u8, MESSAGE) ?? 0) !== Protocol.Icmpv6) return LinkMessage.No;
  return kindOf(ctx, MESSAGE + HOP_BY_HOP_SIZE);
}

function kindOf(ctx: TcContext, offset: u16): u8 {
  const type = ctx.at(u8, offset) ?? 0;
  if (type === REDIRECT || type === ROUTER_RENUMBERING) return LinkMessage.Forbidden;
  // Neighbours that look for an address by that of the link layer (RFC 3122).
  const isInverse = type === 141 || type === 142;
  const isSecured = type === 148 || type === 149;
  const isAboutRouters = type >= 151 && type <= 153;
  if (isAboutNeighbours(type) || isAboutGroups(type)) return LinkMessage.Yes;
  return isInverse || isSecured || isAboutRouters ? LinkMessage.Yes : LinkMessage.No;
}

/**
 * Asks the policy of the host about a packet, if it is the host's own.
 *
 * @param unreadable - Why `flow` says no more of it than its addresses; or 0.
 * @returns a reason to drop it, or 0.
 */
export function guardHost(ctx: TcContext, flow: Infer<typeof Flow>, unreadable: u8, towards: u8): u8 {
  if (isGroupAddress(flow.tuple.high)) return 0;
  if (unreadable !== 0) return isHosts(flow, towards) ? unreadable : 0;
  const known = findConnection(flow.tuple);
  if (known) {
    // Decided about, and told of, where the endpoint is.
    if (known.toLow !== 0 || known.toHigh !== 0) return 0;
  } else {
    if (!isHosts(flow, towards)) return 0;
    // Errors about what it has passed on are the host's to report.
    if (flow.related === 1 && towards === Towards.Away) return 0;
  }
  const followed = zeroed(Followed);
  if (!follow(ctx, flow, known, followed, Here.Nobody)) return flow.refused;
  const point = towards === Towards.Away ? Point.ToNetwork : Point.FromNetwork;
  if (flow.isNews === 1) tellTrace(ctx, flow, followed.connection, point, ctx.interfaceIndex);
  return 0;
}

/** Whether the host itself sends or gets a packet. */
function isHosts(flow: Infer<typeof Flow>, towards: u8): bool {
  const nearIsLow = (flow.upwards === 1) === (towards === Towards.Away);
  return nearIsLow ? isOfHost(flow.tuple.low) : isOfHost(flow.tuple.high);
}

function isOfHost(address: Infer<typeof Address>): bool {
  return isDeviceAddress(address) || peerIdentity(address) === HOST;
}
