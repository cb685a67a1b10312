/**
 * Every packet that an endpoint sends or gets and that is not simply the next one of its connection: what begins one, what is to be
 * told, what has to be read with care, and what is for the link alone. The programs at the devices go on here.
 */
import {
  type be16,
  type bool,
  Ethernet,
  EtherType,
  type Infer,
  Ipv4,
  type i32,
  Tc,
  type TcContext,
  tc,
  u8,
  zeroed,
} from '@waggle/bpf';
import { type Address, areEqual } from './addresses.bpf.ts';
import { findConnection } from './connection.bpf.ts';
import { Here } from './decide.bpf.ts';
import { deliver } from './deliver.bpf.ts';
import { Aggregation, monitoring, Point } from './event.bpf.ts';
import { Flow } from './flow.bpf.ts';
import { Followed, follow } from './follow.bpf.ts';
import { IPV6_ADDRESSES, Ipv6Addresses } from './headers.bpf.ts';
import { admitDiscovery, answerArp, answerDiscovery } from './neighbour.bpf.ts';
import { Towards } from './policy.bpf.ts';
import { Reason } from './reasons.ts';
import { discard, dropFlow, pass } from './report.bpf.ts';
import { tellTrace } from './tell.bpf.ts';
import { readFlow } from './transport.bpf.ts';

/** Any packet of an endpoint; the control block says which end of it the endpoint is, and whether its connection was looked for in vain. */
export const anyPacket = tc((ctx) => {
  const here = u8(ctx.controlBlock[0] ?? 0);
  const isSent = here === Here.Sender;
  const protocol = ctx.at(Ethernet, 0)?.protocol ?? 0;
  if (protocol === EtherType.Arp) return isSent ? answerArp(ctx) : Tc.Ok;
  const flow = zeroed(Flow);
  flow.refused = read(ctx, flow, protocol, isSent);
  if (flow.refused === Reason.ForbiddenIcmpv6) return isSent ? answerDiscovery(ctx) : admitDiscovery(ctx);
  const followed = zeroed(Followed);
  const isUnknown = ctx.controlBlock[1] === 1;
  const goes =
    flow.refused === 0 && follow(ctx, flow, isUnknown ? null : findConnection(flow.tuple), followed, here);
  const { connection } = followed;
  if (!goes) return refuse(ctx, flow, isSent ? Towards.Away : Towards.Endpoint);
  if (isSent) {
    if (monitoring.aggregation === Aggregation.None) {
      tellTrace(ctx, flow, connection, Point.FromEndpoint, ctx.interfaceIndex);
    }
    return deliver(ctx, connection, flow, protocol);
  }
  if (flow.isNews === 1) tellTrace(ctx, flow, connection, Point.ToEndpoint, ctx.interfaceIndex);
  return pass(ctx, Towards.Endpoint);
});

/** @returns a reason to drop the packet, or 0. */
function read(ctx: TcContext, flow: Infer<typeof Flow>, protocol: be16, isSent: bool): u8 {
  const reason = readFlow(ctx, flow, protocol);
  if (reason !== 0 || !isSent || flow.related === 0) return reason;
  // An error is about what somebody has sent to the endpoint, and the endpoint tells it as itself.
  return isFromSender(ctx, flow, protocol) ? 0 : Reason.InvalidSource;
}

/** Whether the address that a packet is from is that of the one who sends it, as its connection has it. */
function isFromSender(ctx: TcContext, flow: Infer<typeof Flow>, protocol: be16): bool {
  return flow.upwards === 1 ? isFrom(ctx, flow.tuple.low, protocol) : isFrom(ctx, flow.tuple.high, protocol);
}

function isFrom(ctx: TcContext, address: Infer<typeof Address>, protocol: be16): bool {
  if (protocol === EtherType.Ipv4) return ctx.at(Ipv4, Ethernet.size)?.source === address[3];
  const addresses = ctx.at(Ipv6Addresses, Ethernet.size + IPV6_ADDRESSES);
  return addresses !== null && areEqual(addresses.source, address);
}

/** Drops a packet: with no more ado than need be, where it is for the link or for a group, as those of any host are. */
function refuse(ctx: TcContext, flow: Infer<typeof Flow>, towards: u8): i32 {
  const { refused } = flow;
  const isQuiet = refused === Reason.MulticastHandled || refused === Reason.IgmpHandled;
  return isQuiet ? discard(ctx, refused, towards) : dropFlow(ctx, flow, refused, towards);
}
