/**
 * Forwarding databases: behind which port of a bridge, or which end of a VXLAN tunnel, a MAC address is: `network.fdb`
 * (RTM_NEWNEIGH of the bridge family; include/uapi/linux/neighbour.h).
 */
import { formatAddress, formatMac, parseAddress, parseMac } from './addresses.ts';
import { checkPort, checkVni } from './checks.ts';
import { type Device, deviceText, interfaceIndex } from './device.ts';
import { AF_BRIDGE } from './family.ts';
import { MessageBuilder } from './message-builder.ts';
import {
  NEIGHBOUR_HEADER_SIZE,
  NeighbourAttribute,
  NeighbourFlag,
  type NeighbourState,
  neighbourStates,
  RTM_DELNEIGH,
  RTM_GETNEIGH,
  RTM_NEWNEIGH,
  writeNeighbourHeader,
} from './neighbours.ts';
import { MessageFlag, parsePayload } from './netlink-message.ts';
import type { Intent, NetlinkSocket } from './netlink-socket.ts';
import { type Unknown, wordOf } from './words.ts';

/** An entry of the database. */
export interface FdbSpec {
  /** The VXLAN device, or the port of the bridge. */
  readonly device: Device;
  /** 00:00:00:00:00:00 on a VXLAN device stands for all addresses that no other entry names. */
  readonly mac: string;
  /** VXLAN: the other end of the tunnel. */
  readonly remote?: string;
  /** VXLAN: the network identifier, if another than the device's. */
  readonly vni?: number;
  /** VXLAN: the UDP port, if another than the device's. */
  readonly port?: number;
  /** VXLAN: the device that outer packets leave by. */
  readonly outputDevice?: Device;
  /** Whether the entry belongs to the bridge that the device is a port of, rather than to the device itself; false by default. */
  readonly master?: boolean;
}

/** An entry of a forwarding database. */
export interface FdbEntry {
  readonly interfaceIndex: number;
  readonly mac: string;
  readonly remote: string | undefined;
  readonly vni: number | undefined;
  readonly port: number | undefined;
  /** The bridge that the entry belongs to; undefined for the device's own. */
  readonly masterIndex: number | undefined;
  readonly state: NeighbourState | Unknown;
}

/**
 * Reads the payload of an RTM_NEWNEIGH message; undefined for one of another family than the bridge's.
 * @throws WaggleError MALFORMED
 */
export function decodeFdbEntry(payload: Uint8Array): FdbEntry | undefined {
  const { header, attributes } = parsePayload(payload, NEIGHBOUR_HEADER_SIZE);
  const mac = attributes.bytes(NeighbourAttribute.mac);
  if (header.getUint8(0) !== AF_BRIDGE || mac === undefined) return undefined;
  const remote = attributes.bytes(NeighbourAttribute.destination);
  return {
    interfaceIndex: header.getInt32(4, true),
    mac: formatMac(mac),
    remote: remote === undefined ? undefined : formatAddress(remote),
    vni: attributes.u32(NeighbourAttribute.vni),
    port: attributes.u16BigEndian(NeighbourAttribute.port),
    masterIndex: attributes.u32(NeighbourAttribute.master),
    state: wordOf(neighbourStates, header.getUint16(8, true)),
  };
}

/** The forwarding databases in one network namespace. */
export class Fdb {
  readonly #socket: NetlinkSocket;

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** All entries, or those of one device. */
  list(filter: { readonly device?: Device } = {}): FdbEntry[] {
    const intent = { operation: 'list', object: 'forwarding database entries' };
    const index = filter.device === undefined ? 0 : interfaceIndex(this.#socket, filter.device, intent);
    const message = writeNeighbourHeader(new MessageBuilder(RTM_GETNEIGH), AF_BRIDGE, index, 0, 0);
    return this.#socket.dump(message, intent).flatMap(({ payload }) => decodeFdbEntry(payload) ?? []);
  }

  /** Adds an entry.
   * @throws KernelError EXISTS */
  add(spec: FdbSpec): void {
    this.#put('add', spec, new MessageBuilder(RTM_NEWNEIGH, MessageFlag.create | MessageFlag.exclusive));
  }

  /** Adds a further end for a MAC address that has one (VXLAN: packets to unknown addresses go to all of them).
   * @throws KernelError EXISTS */
  append(spec: FdbSpec): void {
    this.#put('append', spec, new MessageBuilder(RTM_NEWNEIGH, MessageFlag.create | MessageFlag.append));
  }

  /** Adds an entry, or puts it in the place of the one for the same MAC address. */
  replace(spec: FdbSpec): void {
    this.#put('replace', spec, new MessageBuilder(RTM_NEWNEIGH, MessageFlag.create | MessageFlag.replace));
  }

  /** Deletes an entry.
   * @throws KernelError NOT_FOUND */
  delete(spec: FdbSpec): void {
    this.#put('delete', spec, new MessageBuilder(RTM_DELNEIGH));
  }

  #put(operation: string, spec: FdbSpec, message: MessageBuilder): void {
    const { device, mac, remote, vni, port, outputDevice } = spec;
    const intent: Intent = { operation, object: `forwarding database entry ${mac} of ${deviceText(device)}` };
    const flags = spec.master ? NeighbourFlag.master : NeighbourFlag.self;
    const state = neighbourStates.permanent | neighbourStates.noArp;
    writeNeighbourHeader(message, AF_BRIDGE, interfaceIndex(this.#socket, device, intent), state, flags);
    message.addBytes(NeighbourAttribute.mac, parseMac(mac));
    if (remote !== undefined) message.addBytes(NeighbourAttribute.destination, parseAddress(remote).bytes);
    if (port !== undefined) message.addU16BigEndian(NeighbourAttribute.port, checkPort(port));
    if (vni !== undefined) message.addU32(NeighbourAttribute.vni, checkVni(vni));
    if (outputDevice !== undefined) {
      message.addU32(NeighbourAttribute.interfaceIndex, interfaceIndex(this.#socket, outputDevice, intent));
    }
    this.#socket.request(message, intent);
  }
}
