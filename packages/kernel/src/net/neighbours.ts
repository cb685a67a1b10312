/**
 * Who has which MAC address on a link (ARP, IPv6 neighbour discovery): `network.neighbours` (RTM_NEWNEIGH;
 * include/uapi/linux/neighbour.h).
 */
import { formatAddress, formatMac, type IpFamily, parseAddress, parseMac } from './addresses.ts';
import { type Device, deviceText, interfaceIndex } from './device.ts';
import { familyNumber, familyOf } from './family.ts';
import { MessageBuilder } from './message-builder.ts';
import { MessageFlag, parsePayload } from './netlink-message.ts';
import type { NetlinkSocket } from './netlink-socket.ts';
import { numberOf, type Unknown, wordOf } from './words.ts';

export const RTM_NEWNEIGH = 28;
export const RTM_DELNEIGH = 29;
export const RTM_GETNEIGH = 30;
/** struct ndmsg */
export const NEIGHBOUR_HEADER_SIZE = 12;

/** NDA_* */
export const NeighbourAttribute = {
  destination: 1,
  mac: 2,
  port: 6,
  vni: 7,
  interfaceIndex: 8,
  master: 9,
} as const;

/** NTF_* */
export const NeighbourFlag = { self: 0x02, master: 0x04, proxy: 0x08, router: 0x80 } as const;

/** NUD_* */
export const neighbourStates = {
  none: 0,
  incomplete: 0x01,
  reachable: 0x02,
  stale: 0x04,
  delay: 0x08,
  probe: 0x10,
  failed: 0x20,
  noArp: 0x40,
  permanent: 0x80,
} as const;
/** How sure the kernel is of an entry; `permanent` ones are never asked for again, nor thrown out. */
export type NeighbourState = keyof typeof neighbourStates;

/** An entry to be added. */
export interface NeighbourSpec {
  readonly device: Device;
  /** The IP address. */
  readonly address: string;
  readonly mac: string;
  /** `permanent` by default. */
  readonly state?: 'permanent' | 'reachable' | 'stale' | 'noArp';
  /** IPv6: the neighbour is a router. */
  readonly router?: boolean;
}

/** A neighbour. */
export interface Neighbour {
  readonly interfaceIndex: number;
  readonly family: IpFamily;
  readonly address: string;
  /** Unknown while it is being asked for. */
  readonly mac: string | undefined;
  readonly state: NeighbourState | Unknown;
  readonly router: boolean;
  /** An address that this host answers for. */
  readonly proxy: boolean;
}

/** Which entries to list. */
export interface NeighbourFilter {
  readonly device?: Device;
  readonly family?: IpFamily;
  /** The addresses that this host answers for, instead of neighbours. */
  readonly proxy?: boolean;
}

/**
 * Reads the payload of an RTM_NEWNEIGH message; undefined for an entry of another protocol than IP.
 * @throws WaggleError MALFORMED
 */
export function decodeNeighbour(payload: Uint8Array): Neighbour | undefined {
  const { header, attributes } = parsePayload(payload, NEIGHBOUR_HEADER_SIZE);
  const family = familyOf(header.getUint8(0));
  const address = attributes.bytes(NeighbourAttribute.destination);
  if (family === undefined || address === undefined) return undefined;
  const mac = attributes.bytes(NeighbourAttribute.mac);
  const flags = header.getUint8(10);
  return {
    interfaceIndex: header.getInt32(4, true),
    family,
    address: formatAddress(address),
    mac: mac === undefined ? undefined : formatMac(mac),
    state: wordOf(neighbourStates, header.getUint16(8, true)),
    router: (flags & NeighbourFlag.router) !== 0,
    proxy: (flags & NeighbourFlag.proxy) !== 0,
  };
}

/** struct ndmsg */
export function writeNeighbourHeader(
  message: MessageBuilder,
  family: number,
  index: number,
  state: number,
  flags: number,
): MessageBuilder {
  return message.u8(family, 0).u16(0).u32(index).u16(state).u8(flags, 0);
}

/** The neighbours in one network namespace. */
export class Neighbours {
  readonly #socket: NetlinkSocket;

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** All neighbours, or those that the filter names. */
  list(filter: NeighbourFilter = {}): Neighbour[] {
    const intent = { operation: 'list', object: 'neighbours' };
    const { device, family, proxy } = filter;
    const message = new MessageBuilder(RTM_GETNEIGH);
    writeNeighbourHeader(message, familyNumber(family), 0, 0, proxy ? NeighbourFlag.proxy : 0);
    if (device !== undefined) {
      message.addU32(NeighbourAttribute.interfaceIndex, interfaceIndex(this.#socket, device, intent));
    }
    return this.#socket.dump(message, intent).flatMap(({ payload }) => decodeNeighbour(payload) ?? []);
  }

  /** Adds an entry.
   * @throws KernelError EXISTS, NOT_FOUND when there is no such device. */
  add(spec: NeighbourSpec): void {
    this.#put('add', MessageFlag.create | MessageFlag.exclusive, spec);
  }

  /** Adds an entry, or puts it in the place of the one for the same address. */
  replace(spec: NeighbourSpec): void {
    this.#put('replace', MessageFlag.create | MessageFlag.replace, spec);
  }

  /** Deletes an entry.
   * @throws KernelError NOT_FOUND */
  delete(device: Device, address: string): void {
    this.#request('delete', new MessageBuilder(RTM_DELNEIGH), device, address, 0, 0);
  }

  /** Answers for an address on a device, on behalf of a host elsewhere (where the sysctl proxy_arp or proxy_ndp allows it). */
  addProxy(device: Device, address: string): void {
    const message = new MessageBuilder(RTM_NEWNEIGH, MessageFlag.create | MessageFlag.replace);
    this.#request('add proxy', message, device, address, neighbourStates.permanent, NeighbourFlag.proxy);
  }

  /** @throws KernelError NOT_FOUND */
  deleteProxy(device: Device, address: string): void {
    this.#request('delete proxy', new MessageBuilder(RTM_DELNEIGH), device, address, 0, NeighbourFlag.proxy);
  }

  #put(operation: string, messageFlags: number, spec: NeighbourSpec): void {
    const state = numberOf(neighbourStates, spec.state ?? 'permanent', 'a state of a neighbour');
    const flags = spec.router ? NeighbourFlag.router : 0;
    const message = new MessageBuilder(RTM_NEWNEIGH, messageFlags);
    this.#request(operation, message, spec.device, spec.address, state, flags, parseMac(spec.mac));
  }

  #request(
    operation: string,
    message: MessageBuilder,
    device: Device,
    text: string,
    state: number,
    flags: number,
    mac?: Uint8Array,
  ): void {
    const intent = { operation, object: `neighbour ${text} on ${deviceText(device)}` };
    const { family, bytes } = parseAddress(text);
    const index = interfaceIndex(this.#socket, device, intent);
    writeNeighbourHeader(message, familyNumber(family), index, state, flags);
    message.addBytes(NeighbourAttribute.destination, bytes);
    if (mac !== undefined) message.addBytes(NeighbourAttribute.mac, mac);
    this.#socket.request(message, intent);
  }
}
