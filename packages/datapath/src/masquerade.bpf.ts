/**
 * Masquerading: what endpoints send to the world through a device leaves with the address of the device, and what comes back
 * finds its way. Who is masqueraded is looked up for the first packet of a connection only. Published ports are the same the
 * other way round: what comes for one goes to an endpoint, and what that one answers leaves as if it came from there.
 */
import {
  type bool,
  Ethernet,
  hton32,
  type Infer,
  IpProtocol,
  Ipv4,
  lpmTrie,
  ntoh16,
  range,
  struct,
  type TcContext,
  u8,
  u32,
  zeroed,
} from '@waggle/bpf';
import { Address, isGroupAddress, isMapped, MAPPED } from './addresses.bpf.ts';
import { clock } from './clock.bpf.ts';
import { device, isDeviceAddress, setDeviceAddress } from './device-config.bpf.ts';
import type { Flow } from './flow.bpf.ts';
import {
  Begun,
  begunBy,
  End,
  holdsIn,
  holdsOut,
  isSameAddress,
  isSameEnd,
  TranslationKey,
  translations,
  Way,
} from './nat.bpf.ts';
import { replaceEnd, replaceInner } from './nat-packet.bpf.ts';
import { allocate } from './nat-port.bpf.ts';
import { enter, isStillMeant, publishedAt } from './published.bpf.ts';
import { Reason } from './reasons.ts';

/** What a range of addresses means to a device. */
export const Role = { Source: 0, Except: 1 } as const;
export const RangeKey = struct('range_key', {
  /** Of the bits that follow. */
  prefixLength: u32,
  /** The index of the device. */
  device: u32,
  /** See {@link Role}. */
  role: u32,
  address: Address,
});
/** The bits of device and role, and those of an address. */
export const RANGE_BITS = 64;
const ADDRESS_BITS = 128;
export const MAX_RANGES = 16_384;
/** Who is masqueraded, and to whom not, for all devices. */
export const ranges = lpmTrie({ name: 'ranges', key: RangeKey, value: u8, maxEntries: MAX_RANGES });

/** What {@link unmasquerade} has done; other answers are reasons to drop. */
export const Unmasqueraded = { No: 0, ForEndpoint: 1, ForHost: 2 } as const;

const ECHO = 8;
const ECHO6 = 128;
const IPV6_SOURCE = Ethernet.size + 8;

/** Whether a packet is masqueraded; other answers are reasons to drop. */
const Needs = { Nothing: 0, Translation: 1 } as const;

/**
 * Masquerades a packet, if it is one of those.
 *
 * @param unreadable - Why `flow` says no more of it than its addresses; or 0.
 * @returns a reason to drop it, or 0.
 */
export function masquerade(ctx: TcContext, flow: Infer<typeof Flow>, unreadable: u8): u8 {
  const key = zeroed(TranslationKey);
  setKey(key, flow, Way.Out);
  const own = zeroed(End);
  if (!setDeviceAddress(own.address, isMapped(key.near.address))) return 0;
  if (unreadable !== 0) return isMasqueraded(key) ? unreadable : 0;
  // The host has ports of its own; but its pings could meet those of endpoints.
  if (isDeviceAddress(key.near.address) && !isEchoRequest(flow)) return 0;
  const now = clock();
  const known = translations.lookup(key);
  if (known && holdsOut(known, key, now)) {
    own.port = known.end.port;
  } else {
    const needs = needsOf(flow, key, now);
    if (needs !== Needs.Translation) return needs;
    if (!allocate(ctx, key, own, now)) return Reason.NoTranslation;
  }
  return replaceSource(ctx, flow, key.near, own);
}

/** See {@link Needs}. */
function needsOf(flow: Infer<typeof Flow>, key: Infer<typeof TranslationKey>, now: u32): u8 {
  if (isDeviceAddress(key.near.address)) return Needs.Translation;
  if (!isMasqueraded(key) || begunBy(key.near, key, now) === Begun.ByFar) return Needs.Nothing;
  if (flow.related === 1) return Reason.NoTranslation;
  return isTranslatable(flow) ? Needs.Translation : Reason.UntranslatableProtocol;
}

function isMasqueraded(key: Infer<typeof TranslationKey>): bool {
  const { near, far } = key;
  if (!device.masquerade || isGroupAddress(far.address)) return false;
  return isInRange(Role.Source, near.address) && !isInRange(Role.Except, far.address);
}

function isInRange(role: u32, address: Infer<typeof Address>): bool {
  const key = zeroed(RangeKey);
  key.prefixLength = RANGE_BITS + ADDRESS_BITS;
  key.device = device.interface;
  key.role = role;
  key.address = address;
  return ranges.lookup(key) !== null;
}

/** Whether the checksum of the protocol can be corrected, and who asked can be told from whom. */
function isTranslatable(flow: Infer<typeof Flow>): bool {
  const { protocol } = flow.tuple;
  return protocol === IpProtocol.Tcp || protocol === IpProtocol.Udp || isEchoRequest(flow);
}

function isEchoRequest(flow: Infer<typeof Flow>): bool {
  if (flow.related === 1) return false;
  const { protocol } = flow.tuple;
  const type = ntoh16(flow.port);
  return protocol === IpProtocol.Icmp ? type === ECHO : protocol === IpProtocol.Icmpv6 && type === ECHO6;
}

/** Puts the device in the place of the sender. An error is about what the near end was sent, and comes from there or the host. */
function replaceSource(
  ctx: TcContext,
  flow: Infer<typeof Flow>,
  near: Infer<typeof End>,
  own: Infer<typeof End>,
): u8 {
  if (flow.related === 1) {
    const source = zeroed(Address);
    setSource(ctx, source, isMapped(near.address));
    if (isDeviceAddress(source)) return replaceInner(ctx, flow, near, own, false);
    if (!isSameAddress(source, near.address)) return Reason.InvalidSource;
  } else if (isSameEnd(near, own)) {
    return 0;
  }
  return replaceEnd(ctx, flow, near, own, true);
}

/** Reads where a packet comes from, whatever it is about. */
function setSource(ctx: TcContext, source: Infer<typeof Address>, isIpv4: bool): void {
  if (isIpv4) {
    source[2] = hton32(MAPPED);
    source[3] = ctx.at(Ipv4, Ethernet.size)?.source ?? 0;
    return;
  }
  const address = ctx.at(Address, IPV6_SOURCE);
  if (!address) return;
  for (const index of range(4)) source[index] = address[index] ?? 0;
}

/**
 * Gives an answer back to whom it is for, and what comes for a published port to the endpoint behind it. What is neither stays as
 * it is.
 * @returns see {@link Unmasqueraded}.
 */
export function unmasquerade(ctx: TcContext, flow: Infer<typeof Flow>): u8 {
  const key = zeroed(TranslationKey);
  setKey(key, flow, Way.In);
  if (!isDeviceAddress(key.near.address)) return Unmasqueraded.No;
  const near = zeroed(End);
  if (!setBehind(near, key, flow.related === 1)) return Unmasqueraded.No;
  const outcome = isDeviceAddress(near.address) ? Unmasqueraded.ForHost : Unmasqueraded.ForEndpoint;
  if (isSameEnd(near, key.near)) return outcome;
  const failed = replaceEnd(ctx, flow, key.near, near, false);
  return failed === 0 ? outcome : failed;
}

/**
 * Finds out who is behind an end on the device.
 *
 * @param near - Is set to that.
 * @param isRelated - Whether it is an error: these begin nothing.
 * @returns whether it is anybody else than the host.
 */
function setBehind(near: Infer<typeof End>, key: Infer<typeof TranslationKey>, isRelated: bool): bool {
  const target = publishedAt(key.near, key.protocol);
  if (!target && !isForTranslation(key)) return false;
  const now = clock();
  const known = translations.lookup(key);
  if (known && isStillMeant(known, target) && holdsIn(known, key, now)) {
    near.address = known.end.address;
    near.port = known.end.port;
    return true;
  }
  if (!target || isRelated) return false;
  near.address = target.address;
  near.port = target.port;
  enter(key, near, now);
  return true;
}

/** Whether the port is one of those for translation: the host's own packets cost no look-up. */
function isForTranslation(key: Infer<typeof TranslationKey>): bool {
  if (!device.masquerade) return false;
  if (key.protocol === IpProtocol.Icmp || key.protocol === IpProtocol.Icmpv6) return true;
  const port = ntoh16(key.near.port.number);
  return port >= device.firstPort && port <= device.lastPort;
}

/** The ends of a packet; the near one sends what goes out and gets what comes in. */
function setKey(key: Infer<typeof TranslationKey>, flow: Infer<typeof Flow>, way: u8): void {
  const { low, high, lowPort, highPort, protocol } = flow.tuple;
  const nearIsLow = (flow.upwards === 1) === (way === Way.Out);
  if (nearIsLow) {
    key.near.address = low;
    key.far.address = high;
  } else {
    key.near.address = high;
    key.far.address = low;
  }
  key.near.port.number = nearIsLow ? lowPort : highPort;
  key.protocol = protocol;
  key.way = way;
  if (protocol === IpProtocol.Icmp || protocol === IpProtocol.Icmpv6) return;
  key.far.port.number = nearIsLow ? highPort : lowPort;
}
