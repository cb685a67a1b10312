/**
 * Routes to be added or deleted, and how they become a message. Pure, but for the indexes of devices, which the caller
 * looks up.
 */
import { WaggleError } from '@waggle/bpf';
import { type IpFamily, parseAddress, parseNetwork } from './addresses.ts';
import { checkMtu, checkRange, checkU32 } from './checks.ts';
import type { Device } from './device.ts';
import { AF_INET6, familyNumber, parseAddressOf } from './family.ts';
import type { MessageBuilder } from './message-builder.ts';
import {
  RouteAttribute,
  type RouteProtocol,
  type RouteTable,
  type RouteType,
  RTAX_MTU,
  RTNH_F_ONLINK,
  routeProtocols,
  routeTables,
  routeTypes,
  type Scope,
  scopes,
} from './route.ts';
import { numberOf } from './words.ts';

/** The 8-bit field for the table; larger numbers go into an attribute. */
export const RT_TABLE_COMPAT = 252;

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

/** The number of a table.
 * @throws WaggleError WRONG_TYPE, OUT_OF_RANGE */
export function tableNumber(table: RouteTable): number {
  return typeof table === 'number'
    ? checkRange(table, 'a routing table', 1, 0xffffffff)
    : numberOf(routeTables, table, 'a routing table');
}

function protocolNumber(protocol: RouteProtocol): number {
  if (typeof protocol === 'number') return checkRange(protocol, 'a routing protocol', 0, 255);
  return numberOf(routeProtocols, protocol, 'a routing protocol');
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
    type:
      spec.type === undefined && !exact ? 0 : numberOf(routeTypes, spec.type ?? 'unicast', 'a type of route'),
    flags: spec.onLink ? RTNH_F_ONLINK : 0,
  });
  if (length > 0) message.addBytes(RouteAttribute.destination, bytes);
  message.addU32(RouteAttribute.table, table);
  if (spec.device !== undefined) message.addU32(RouteAttribute.outputInterface, resolve(spec.device));
  writeGateway(message, spec.via, family);
  const { metric, source, mtu, nextHops } = spec;
  if (metric !== undefined) message.addU32(RouteAttribute.priority, checkU32(metric, 'a metric'));
  if (source !== undefined) {
    message.addBytes(RouteAttribute.preferredSource, parseAddressOf(family, source).bytes);
  }
  if (mtu !== undefined) {
    message.addNested(RouteAttribute.metrics, () => message.addU32(RTAX_MTU, checkMtu(mtu)));
  }
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
