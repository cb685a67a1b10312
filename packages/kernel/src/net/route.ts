/**
 * A route as the kernel describes it (RTM_NEWROUTE; include/uapi/linux/rtnetlink.h), decoded into the words that `ip route`
 * uses too. Pure: a message in, a {@link Route} out.
 */
import { WaggleError } from '@waggle/bpf';
import { formatAddress, formatPrefix, type IpFamily } from './addresses.ts';
import { familyOf, isIpFamily } from './family.ts';
import { Attributes, parsePayload } from './netlink-message.ts';
import { type Unknown, wordOf } from './words.ts';

/** How far an address or a route reaches (RT_SCOPE_*). */
export const scopes = { global: 0, site: 200, link: 253, host: 254, nowhere: 255 } as const;
export type Scope = keyof typeof scopes;

/** What a route does with a packet (RTN_*). */
export const routeTypes = {
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
export type RouteType = keyof typeof routeTypes;

/** Who added a route (RTPROT_*); other numbers are free for use. */
export const routeProtocols = {
  unspecified: 0,
  redirect: 1,
  kernel: 2,
  boot: 3,
  static: 4,
  ra: 9,
  dhcp: 16,
  bgp: 186,
} as const;
export type RouteProtocol = keyof typeof routeProtocols | number;

/** A routing table: one of the kernel's own, or a number. */
export const routeTables = { default: 253, main: 254, local: 255 } as const;
export type RouteTable = keyof typeof routeTables | number;

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
export const RTAX_MTU = 2;
export const RTNH_F_ONLINK = 4;
/** struct rtmsg, struct rtnexthop */
const HEADER_SIZE = 12;
const NEXT_HOP_SIZE = 8;

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
    type: wordOf(routeTypes, header.getUint8(7)),
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
