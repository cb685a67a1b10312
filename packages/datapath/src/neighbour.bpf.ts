/**
 * Who has which MAC address, between an endpoint and the host: ARP, IPv6 neighbour discovery (RFC 4861), and what else is for
 * the link alone. To an endpoint every address is at its gateway's MAC address, and the program says so itself. What the host
 * asks it may answer, for its own addresses.
 */
import {
  Arp,
  be32,
  type bool,
  csumDiff,
  Ethernet,
  hton32,
  Icmp,
  type Infer,
  IpProtocol,
  Ipv6,
  type i32,
  redirect,
  skbChangeTail,
  struct,
  Tc,
  type TcContext,
  u8,
  u16,
  u32,
} from '@waggle/bpf';
import { Address, endpoints, MAPPED } from './addresses.bpf.ts';
import { IPV6_ADDRESSES, Ipv6Addresses } from './headers.bpf.ts';
import { Mac, SOURCE_MAC, setGateway } from './mac.bpf.ts';
import { Towards } from './policy.bpf.ts';
import { Reason } from './reasons.ts';
import { discard, drop } from './report.bpf.ts';

const ARP_SENDER_MAC = Ethernet.size + 8;
const ArpOperation = { Request: 1, Reply: 2 } as const;

/** Messages of neighbour discovery. */
export const Discovery = {
  RouterSolicitation: 133,
  Solicitation: 135,
  Advertisement: 136,
} as const;
/** What comes over a router has fewer hops left. */
const HOPS_ON_LINK = 255;

/** An advertisement or a solicitation, with the address of the link layer as the only option. */
const DiscoveryMessage = struct(
  'discovery_message',
  {
    type: u8,
    code: u8,
    /** As it is computed: the order of bytes does not matter then. */
    checksum: u16,
    flags: be32,
    target: Address,
    option: u8,
    /** In units of 8 bytes. */
    optionLength: u8,
    mac: Mac,
  },
  { packed: true },
);
const MESSAGE = Ethernet.size + Ipv6.size;
const TARGET = MESSAGE + 8;
const TARGET_LINK_ADDRESS = 2;
/** From a router, solicited, and instead of what was known before. */
const ADVERTISEMENT_FLAGS = 0xe0000000;

const ADDRESSES = Ethernet.size + IPV6_ADDRESSES;
/** What a checksum also covers (RFC 8200, 8.1). */
const PseudoHeader = struct('pseudo_header', {
  source: Address,
  destination: Address,
  length: be32,
  protocol: be32,
});

/** Whether an address is that of the endpoint at this device. */
function isOwn(ctx: TcContext, address: Infer<typeof Address>): bool {
  return endpoints.lookup({ words: address })?.interface === ctx.interfaceIndex;
}

function isOwn4(ctx: TcContext, address: be32): bool {
  return isOwn(ctx, [0, 0, hton32(MAPPED), address]);
}

/** What an endpoint says in ARP: whatever it asks for, the way there is through the host. */
export function answerArp(ctx: TcContext): i32 {
  const ethernet = ctx.at(Ethernet, 0);
  const arp = ctx.at(Arp, Ethernet.size);
  const source = ctx.at(Mac, SOURCE_MAC);
  const sender = ctx.at(Mac, ARP_SENDER_MAC);
  if (!ethernet || !arp || !source || !sender) return drop(ctx, Reason.InvalidPacket, Towards.Away);
  // Whether somebody else has its address: nobody has (RFC 5227).
  if (isOwn4(ctx, arp.targetAddress)) return discard(ctx, Reason.MulticastHandled, Towards.Away);
  if (!isOwn4(ctx, arp.senderAddress)) return drop(ctx, Reason.InvalidSource, Towards.Away);
  if (arp.operation === ArpOperation.Reply) return Tc.Ok;
  if (arp.operation !== ArpOperation.Request) return drop(ctx, Reason.InvalidPacket, Towards.Away);
  const asked = arp.targetAddress;
  arp.operation = ArpOperation.Reply;
  arp.targetMac = arp.senderMac;
  arp.targetAddress = arp.senderAddress;
  arp.senderAddress = asked;
  ethernet.destination = ethernet.source;
  setGateway(source);
  setGateway(sender);
  return redirect(ctx.interfaceIndex, 0n);
}

/** What an endpoint says in neighbour discovery. */
export function answerDiscovery(ctx: TcContext): i32 {
  const ip = ctx.at(Ipv6, Ethernet.size);
  const addresses = ctx.at(Ipv6Addresses, ADDRESSES);
  const icmp = ctx.at(Icmp, MESSAGE);
  if (!ip || !addresses || !icmp || ip.hopLimit !== HOPS_ON_LINK) {
    return drop(ctx, Reason.ForbiddenIcmpv6, Towards.Away);
  }
  // There is nothing to be learnt about routers.
  if (icmp.type === Discovery.RouterSolicitation) return discard(ctx, Reason.MulticastHandled, Towards.Away);
  const target = ctx.at(Address, TARGET);
  if (!target || (icmp.type !== Discovery.Solicitation && icmp.type !== Discovery.Advertisement)) {
    return drop(ctx, Reason.ForbiddenIcmpv6, Towards.Away);
  }
  const isAboutItself = isOwn(ctx, target);
  if (icmp.type === Discovery.Advertisement) {
    return isAboutItself ? Tc.Ok : drop(ctx, Reason.InvalidSource, Towards.Away);
  }
  // Whether somebody else has its address (RFC 4862, 5.4): nobody has.
  if (isAboutItself || isUnspecified(addresses.source)) {
    return discard(ctx, Reason.MulticastHandled, Towards.Away);
  }
  return advertise(ctx);
}

/** Turns a solicitation into the answer, and sends it back. */
function advertise(ctx: TcContext): i32 {
  if (skbChangeTail(ctx, MESSAGE + DiscoveryMessage.size, 0n) !== 0) {
    return drop(ctx, Reason.InvalidPacket, Towards.Away);
  }
  const ethernet = ctx.at(Ethernet, 0);
  const source = ctx.at(Mac, SOURCE_MAC);
  const ip = ctx.at(Ipv6, Ethernet.size);
  const addresses = ctx.at(Ipv6Addresses, ADDRESSES);
  const message = ctx.at(DiscoveryMessage, MESSAGE);
  if (!ethernet || !source || !ip || !addresses || !message) {
    return drop(ctx, Reason.InvalidPacket, Towards.Away);
  }
  ethernet.destination = ethernet.source;
  setGateway(source);
  ip.payloadLength = DiscoveryMessage.size;
  addresses.destination = addresses.source;
  addresses.source = message.target;
  message.type = Discovery.Advertisement;
  message.code = 0;
  message.checksum = 0;
  message.flags = ADVERTISEMENT_FLAGS;
  message.option = TARGET_LINK_ADDRESS;
  message.optionLength = 1;
  setGateway(message.mac);
  const pseudo: Infer<typeof PseudoHeader> = {
    source: addresses.source,
    destination: addresses.destination,
    length: DiscoveryMessage.size,
    protocol: IpProtocol.Icmpv6,
  };
  const sum = u32(csumDiff(null, pseudo, 0));
  message.checksum = folded(u32(csumDiff(null, message, sum)));
  return redirect(ctx.interfaceIndex, 0n);
}

/** A sum as a checksum (RFC 1071). */
function folded(sum: u32): u16 {
  const once = (sum & 0xffff) + (sum >>> 16);
  return u16(~(once + (once >>> 16)));
}

function isUnspecified(address: Infer<typeof Address>): bool {
  return address[0] === 0 && address[1] === 0 && address[2] === 0 && address[3] === 0;
}

/** Whether what the host sends an endpoint in neighbour discovery passes: it asks for its address, or tells its own. */
export function admitDiscovery(ctx: TcContext): i32 {
  const ip = ctx.at(Ipv6, Ethernet.size);
  const type = ctx.at(u8, MESSAGE) ?? 0;
  if (type === Discovery.RouterSolicitation) return discard(ctx, Reason.MulticastHandled, Towards.Endpoint);
  const isAsked = type === Discovery.Solicitation || type === Discovery.Advertisement;
  if (isAsked && ip?.hopLimit === HOPS_ON_LINK) return Tc.Ok;
  return drop(ctx, Reason.ForbiddenIcmpv6, Towards.Endpoint);
}
