/**
 * Routing tables: `network.routes`.
 */

import { WaggleError } from '@waggle/bpf';
import { KernelError } from '../errors.ts';
import { errno } from '../sys/errno.ts';
import { type IpFamily, parseAddress } from './addresses.ts';
import { checkU32 } from './checks.ts';
import { type Device, interfaceIndex } from './device.ts';
import { parseAddressOf } from './family.ts';
import { MessageBuilder } from './message-builder.ts';
import { type Message, MessageFlag } from './netlink-message.ts';
import type { Intent, NetlinkSocket } from './netlink-socket.ts';
import { decodeRoute, type Route, RouteAttribute, type RouteTable } from './route.ts';
import { type RouteSpec, tableNumber, writeRoute, writeRouteHeader } from './route-spec.ts';

const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;
const RTM_GETROUTE = 26;
/** IPv4: the answer of a look-up names the table where the route was found; IPv6 does so anyway, and refuses the flag. */
const RTM_F_LOOKUP_TABLE = 0x1000;

/** Which routes to list. */
export interface RouteFilter {
  readonly family?: IpFamily;
  /** `main` by default. */
  readonly table?: RouteTable | 'all';
  readonly device?: Device;
}

/** What a look-up may depend on besides the destination. */
export interface RouteQuery {
  /** The source address. */
  readonly from?: string;
  /** The device that the packet came in by; it is then looked up as one to be forwarded. */
  readonly inputDevice?: Device;
  readonly outputDevice?: Device;
  /** The packet mark, for routing by rules. */
  readonly mark?: number;
}

/** The routes of one network namespace. */
export class Routes {
  readonly #socket: NetlinkSocket;

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** The routes of the main table, or those that the filter names. */
  list(filter: RouteFilter = {}): Route[] {
    const families: IpFamily[] = filter.family === undefined ? [4, 6] : [filter.family];
    return families
      .flatMap((family) => this.#dump(family, filter))
      .flatMap(({ payload }) => decodeRoute(payload) ?? []);
  }

  #dump(family: IpFamily, filter: RouteFilter): Message[] {
    const intent = { operation: 'list', object: `IPv${family} routes` };
    const message = writeRouteHeader(new MessageBuilder(RTM_GETROUTE), { family });
    const { table = 'main', device } = filter;
    if (table !== 'all') message.addU32(RouteAttribute.table, tableNumber(table));
    if (device !== undefined) message.addU32(RouteAttribute.outputInterface, this.#index(device, intent));
    try {
      return this.#socket.dump(message, intent);
    } catch (error) {
      // A table comes into being with its first route.
      if (error instanceof KernelError && error.errno === errno.ENOENT) return [];
      throw error;
    }
  }

  /**
   * The route that a packet to this address would take.
   * @throws KernelError when there is none: `ENETUNREACH`, or what an unreachable or prohibit route answers.
   */
  get(to: string, query: RouteQuery = {}): Route {
    const intent = { operation: 'find', object: `a route to ${to}` };
    const { family, bytes } = parseAddress(to);
    const { from, inputDevice, outputDevice, mark } = query;
    const length = 8 * bytes.length;
    const message = writeRouteHeader(new MessageBuilder(RTM_GETROUTE), {
      family,
      destinationLength: length,
      sourceLength: from === undefined ? 0 : length,
      flags: family === 4 ? RTM_F_LOOKUP_TABLE : 0,
    }).addBytes(RouteAttribute.destination, bytes);
    if (from !== undefined) message.addBytes(RouteAttribute.source, parseAddressOf(family, from).bytes);
    if (inputDevice !== undefined) {
      message.addU32(RouteAttribute.inputInterface, this.#index(inputDevice, intent));
    }
    if (outputDevice !== undefined) {
      message.addU32(RouteAttribute.outputInterface, this.#index(outputDevice, intent));
    }
    if (mark !== undefined) message.addU32(RouteAttribute.mark, checkU32(mark, 'a packet mark'));
    const [reply] = this.#socket.request(message, intent);
    const route = decodeRoute(reply?.payload ?? new Uint8Array());
    if (route === undefined) {
      throw new WaggleError('MALFORMED', `${intent.operation} ${intent.object}: the answer is no route`);
    }
    return route;
  }

  /** Adds a route.
   * @throws KernelError EXISTS when there is one to the same destination with the same metric. */
  add(spec: RouteSpec): void {
    this.#put(
      'add',
      spec,
      new MessageBuilder(RTM_NEWROUTE, MessageFlag.create | MessageFlag.exclusive),
      true,
    );
  }

  /** Adds a route, or puts it in the place of the one to the same destination with the same metric. */
  replace(spec: RouteSpec): void {
    this.#put(
      'replace',
      spec,
      new MessageBuilder(RTM_NEWROUTE, MessageFlag.create | MessageFlag.replace),
      true,
    );
  }

  /** Deletes the first route that is as the spec says; what it leaves out may be anything.
   * @throws KernelError NOT_FOUND */
  delete(spec: RouteSpec): void {
    this.#put('delete', spec, new MessageBuilder(RTM_DELROUTE), false);
  }

  #put(operation: string, spec: RouteSpec, message: MessageBuilder, exact: boolean): void {
    const table = spec.table === undefined ? '' : ` in table ${spec.table}`;
    const intent = { operation, object: `route to ${spec.destination}${table}` };
    this.#socket.request(
      writeRoute(message, spec, (device) => this.#index(device, intent), exact),
      intent,
    );
  }

  #index(device: Device, intent: Intent): number {
    return interfaceIndex(this.#socket, device, intent);
  }
}
