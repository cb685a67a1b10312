/**
 * A route as the kernel describes it (RTM_NEWROUTE; include/uapi/linux/rtnetlink.h), and how a spec becomes a message.
 * Pure, but for the indexes of devices, which the caller looks up.
 */
import { WaggleError } from '@waggle/bpf';
import { formatAddress, formatPrefix, type IpFamily, parseAddress, parseNetwork } from './addresses.ts';
import { checkMtu, checkRange, checkU32 } from './checks.ts';
import type { Device } from './device.ts';
import { AF_INET6, familyNumber, familyOf, isIpFamily, parseAddressOf } from './family.ts';
import { Attributes, type MessageBuilder, parsePayload } from './netlink-message.ts';
import { numberOf, type Unknown, wordOf } from './words.ts';

/** How far an address or a route reaches (RT_SCOPE_*). */
export const scopes = { global: 0, site: 200, link: 253, host: 254, nowhere: 255 } as const;
export type Scope = keyof typeof scopes;

/** What a route does with a packet (RTN_*). */
const types = {
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
  throw: 9,
} as const;
export type RouteType = keyof typeof types;

/** Who added a route (RTPROT_*); other numbers are free for use. */
const protocols = {
  unspecified: 0,
  redirect: 1,
  kernel: 2,
  boot: 3,
  static: 4,
  ra: 9,
  dhcp: 16,
  bgp: 186,
} as const;
export type RouteProtocol = keyof typeof protocols | number;

/** A routing table: one of the kernel's own, or a number. */
const tables = { default: 253, main: 254, local: 255 } as const;
export type RouteTable = keyof typeof tables | number;

/** One way of several that a multipath route can take. */
export interface NextHopSpec {
  readonly via?: string;
  readonly device?: Device;
  /** Its share, 1 (the default) to 256. */
  readonly weight?: number;
  /** Takes the gateway to be on the device's link although no address says so. */
  readonly onLink?: boolean;
}

/** A route to be added, replaced or deleted. */
export interface RouteSpec {
  /** A network such as `10.0.0.0/8`, an address, or `default` (then `via` or `source` tells the protocol; else write 0.0.0.0/0 or ::/0). */
  readonly destination: string;
  /** The gateway; an IPv4 route may have an IPv6 one. */
  readonly via?: string;
  readonly device?: Device;
  /** Several ways instead of `via` and `device`. */
  readonly nextHops?: readonly NextHopSpec[];
  /** `main` by default. */
  readonly table?: RouteTable;
  /** Of several routes to a destination, the one with the lowest metric is taken. */
  readonly metric?: number;
  /** The source address of packets that this host itself sends. */
  readonly source?: string;
  /** By default `host` for local routes, `link` for IPv4 routes without gateway, else `global`. */
  readonly scope?: Scope;
  /** `unicast` by default. */
  readonly type?: RouteType;
  /** `static` by default. */
  readonly protocol?: RouteProtocol;
  /** Bytes. */
  readonly mtu?: number;
  readonly onLink?: boolean;
}

/** One way that a route can take. */
export interface NextHop {
  readonly via: string | undefined;
  readonly interfaceIndex: number | undefined;
  readonly weight: number;
  readonly onLink: boolean;
}

/** A route. */
export interface Route {
  readonly family: IpFamily;
  /** A network: `10.0.0.0/8`, `0.0.0.0/0`, `::/0`. */
  readonly destination: string;
  readonly via: string | undefined;
  readonly interfaceIndex: number | undefined;
  /** The ways of a multipath route, else empty. */
  readonly nextHops: readonly NextHop[];
  readonly table: number;
  readonly metric: number | undefined;
  readonly source: string | undefined;
  readonly scope: Scope | Unknown;
  readonly type: RouteType | Unknown;
  readonly protocol: number;
  readonly mtu: number | undefined;
  readonly onLink: boolean;
}

/** Attributes of a route (RTA_*). */
export const RouteAttribute = {
  destination: 1,
  source: 2,
  inputInterface: 3,
  outputInterface: 4,
  gateway: 5,
  priority: 6,
  preferredSource: 7,
  metrics: 8,
  multipath: 9,
  table: 15,
  mark: 16,
  via: 18,
} as const;
const RTAX_MTU = 2;
const RTNH_F_ONLINK = 4;
/** struct rtmsg, struct rtnexthop */
const HEADER_SIZE = 12;
const NEXT_HOP_SIZE = 8;
/** The 8-bit field for the table; larger numbers go into an attribute. */
const RT_TABLE_COMPAT = 252;

/** The number of a table.
 * @throws WaggleError WRONG_TYPE, OUT_OF_RANGE */
export function tableNumber(table: RouteTable): number {
  return typeof table === 'number'
    ? checkRange(table, 'a routing table', 1, 0xffffffff)
    : numberOf(tables, table, 'a routing table');
}

function protocolNumber(protocol: RouteProtocol): number {
  if (typeof protocol === 'number') return checkRange(protocol, 'a routing protocol', 0, 255);
  return numberOf(protocols, protocol, 'a routing protocol');
}

/** struct rtmsg, as far as requests need it. */
export interface RouteHeader {
  readonly family: IpFamily | undefined;
  readonly destinationLength?: number;
  readonly sourceLength?: number;
  readonly table?: number;
  readonly protocol?: number;
  readonly scope?: number;
  readonly type?: number;
  readonly flags?: number;
}

export function writeRouteHeader(message: MessageBuilder, header: RouteHeader): MessageBuilder {
  const table = header.table ?? 0;
  return message
    .u8(familyNumber(header.family), header.destinationLength ?? 0, header.sourceLength ?? 0, 0)
    .u8(table > 255 ? RT_TABLE_COMPAT : table, header.protocol ?? 0, header.scope ?? 0, header.type ?? 0)
    .u32(header.flags ?? 0);
}

/**
 * Writes a route into a message that adds it, or (`exact` false) deletes it: what the spec leaves out then matches anything.
 * @throws WaggleError for what cannot be right; MALFORMED, OUT_OF_RANGE, WRONG_TYPE.
 */
export function writeRoute(
  message: MessageBuilder,
  spec: RouteSpec,
  resolve: (device: Device) => number,
  exact: boolean,
): MessageBuilder {
  const { family, bytes, length } = destinationOf(spec);
  const table = tableNumber(spec.table ?? 'main');
  writeRouteHeader(message, {
    family,
    destinationLength: length,
    table,
    protocol: spec.protocol === undefined && !exact ? 0 : protocolNumber(spec.protocol ?? 'static'),
    scope: scopeNumber(spec, family, exact),
    type: spec.type === undefined && !exact ? 0 : numberOf(types, spec.type ?? 'unicast', 'a type of route'),
    flags: spec.onLink ? RTNH_F_ONLINK : 0,
  });
  if (length > 0) message.addBytes(RouteAttribute.destination, bytes);
  message.addU32(RouteAttribute.table, table);
  writeWay(message, spec, family, resolve);
  const { metric, source, mtu, nextHops } = spec;
  if (metric !== undefined) message.addU32(RouteAttribute.priority, checkU32(metric, 'a metric'));
  if (source !== undefined)
    message.addBytes(RouteAttribute.preferredSource, parseAddressOf(family, source).bytes);
  if (mtu !== undefined)
    message.addNested(RouteAttribute.metrics, () => message.addU32(RTAX_MTU, checkMtu(mtu)));
  if (nextHops !== undefined) {
    message.addBlock(RouteAttribute.multipath, () => {
      for (const hop of nextHops) writeNextHop(message, hop, family, resolve);
    });
  }
  return message;
}

function destinationOf(spec: RouteSpec): { family: IpFamily; bytes: Uint8Array; length: number } {
  if (spec.destination !== 'default') return parseNetwork(spec.destination);
  const hint = spec.via ?? spec.source ?? spec.nextHops?.[0]?.via;
  if (hint === undefined) {
    throw new WaggleError('INVALID', 'a default route without gateway may be one of IPv4 or of IPv6', {
      hint: 'Write 0.0.0.0/0 or ::/0 instead of default',
    });
  }
  const { family } = parseAddress(hint);
  return { family, bytes: new Uint8Array(), length: 0 };
}

function scopeNumber(spec: RouteSpec, family: IpFamily, exact: boolean): number {
  if (spec.scope !== undefined) return numberOf(scopes, spec.scope, 'a scope');
  if (!exact) return scopes.nowhere;
  // IPv6 routes have no scope; the kernel takes 0.
  if (family === 6) return scopes.global;
  if (spec.type === 'local') return scopes.host;
  const direct = spec.type === undefined || ['unicast', 'broadcast', 'multicast'].includes(spec.type);
  return direct && spec.via === undefined && spec.nextHops === undefined ? scopes.link : scopes.global;
}

function writeNextHop(
  message: MessageBuilder,
  hop: NextHopSpec,
  family: IpFamily,
  resolve: (device: Device) => number,
): void {
  message.sized(() => {
    message
      .u8(hop.onLink ? RTNH_F_ONLINK : 0, checkRange(hop.weight ?? 1, 'a weight', 1, 256) - 1)
      .u32(hop.device === undefined ? 0 : resolve(hop.device));
    writeGateway(message, hop.via, family);
  });
}

function writeWay(
  message: MessageBuilder,
  spec: RouteSpec,
  family: IpFamily,
  resolve: (device: Device) => number,
): void {
  if (spec.device !== undefined) message.addU32(RouteAttribute.outputInterface, resolve(spec.device));
  writeGateway(message, spec.via, family);
}

function writeGateway(message: MessageBuilder, via: string | undefined, family: IpFamily): void {
  if (via === undefined) return;
  const gateway = parseAddress(via);
  if (gateway.family === family) {
    message.addBytes(RouteAttribute.gateway, gateway.bytes);
    return;
  }
  if (family === 6) throw new WaggleError('INVALID', `an IPv6 route cannot have the IPv4 gateway ${via}`);
  message.addBlock(RouteAttribute.via, () => message.u16(AF_INET6).u8(...gateway.bytes));
}

/**
 * Reads the payload of an RTM_NEWROUTE message; undefined for a route of another protocol than IP.
 * @throws WaggleError MALFORMED
 */
export function decodeRoute(payload: Uint8Array): Route | undefined {
  const { header, attributes } = parsePayload(payload, HEADER_SIZE);
  const family = familyOf(header.getUint8(0));
  if (family === undefined) return undefined;
  const destination = attributes.bytes(RouteAttribute.destination) ?? new Uint8Array(family === 4 ? 4 : 16);
  if (!isIpFamily(destination, family)) return undefined;
  const source = attributes.bytes(RouteAttribute.preferredSource);
  return {
    family,
    destination: formatPrefix({ bytes: destination, length: header.getUint8(1) }),
    via: gatewayOf(attributes),
    interfaceIndex: attributes.u32(RouteAttribute.outputInterface),
    nextHops: nextHopsOf(attributes.bytes(RouteAttribute.multipath)),
    table: attributes.u32(RouteAttribute.table) ?? header.getUint8(4),
    metric: attributes.u32(RouteAttribute.priority),
    source: source === undefined ? undefined : formatAddress(source),
    scope: wordOf(scopes, header.getUint8(6)),
    type: wordOf(types, header.getUint8(7)),
    protocol: header.getUint8(5),
    mtu: attributes.nested(RouteAttribute.metrics)?.u32(RTAX_MTU),
    onLink: (header.getUint32(8, true) & RTNH_F_ONLINK) !== 0,
  };
}

function gatewayOf(attributes: Attributes): string | undefined {
  // RTA_VIA: the family in 16 bits, then the address.
  const gateway =
    attributes.bytes(RouteAttribute.gateway) ?? attributes.bytes(RouteAttribute.via)?.subarray(2);
  return gateway === undefined ? undefined : formatAddress(gateway);
}

/** An array of struct rtnexthop, each with attributes of its own. */
function nextHopsOf(bytes: Uint8Array | undefined): NextHop[] {
  if (bytes === undefined) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const hops: NextHop[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const room = bytes.length - offset;
    const length = room < NEXT_HOP_SIZE ? 0 : view.getUint16(offset, true);
    if (length < NEXT_HOP_SIZE || length > room) {
      throw new WaggleError(
        'MALFORMED',
        `malformed netlink message: a next hop of ${length} bytes with ${room} left`,
      );
    }
    const attributes = Attributes.parse(bytes.subarray(offset + NEXT_HOP_SIZE, offset + length));
    const index = view.getInt32(offset + 4, true);
    hops.push({
      via: gatewayOf(attributes),
      interfaceIndex: index === 0 ? undefined : index,
      weight: view.getUint8(offset + 3) + 1,
      onLink: (view.getUint8(offset + 2) & RTNH_F_ONLINK) !== 0,
    });
    offset += (length + 3) & ~3;
  }
  return hops;
}
