/**
 * Queueing disciplines of devices: `network.qdiscs` (RTM_NEWQDISC; include/uapi/linux/pkt_sched.h). The one that waggle
 * itself needs is `clsact`: it queues nothing, and holds the programs of both directions where the kernel has no tcx.
 */
import { KernelError } from '../errors.ts';
import { errno } from '../sys/errno.ts';
import { checkU32 } from './checks.ts';
import { type Device, deviceText, interfaceIndex } from './device.ts';
import { AF_UNSPEC } from './family.ts';
import { MessageBuilder } from './message-builder.ts';
import { MessageFlag, parsePayload } from './netlink-message.ts';
import type { Intent, NetlinkSocket } from './netlink-socket.ts';

const RTM_NEWQDISC = 36;
const RTM_DELQDISC = 37;
const RTM_GETQDISC = 38;
/** struct tcmsg */
export const TRAFFIC_HEADER_SIZE = 20;
/** TCA_* */
export const TrafficAttribute = { kind: 1, options: 2 } as const;

const TC_H_ROOT = 0xffffffff;
/** Both `ingress` and `clsact` live here (TC_H_INGRESS, TC_H_CLSACT), so a device has one of them. */
export const TC_H_CLSACT = 0xfffffff1;
const CLSACT_HANDLE = 0xffff0000;

/** A queueing discipline to be added. */
export type QdiscSpec =
  /** Holds programs for packets that come in and go out (clsact), or only come in (ingress). */
  | { readonly kind: 'clsact' | 'ingress' }
  /** Sends at once. */
  | { readonly kind: 'noqueue' }
  /** First in, first out; `limit` in packets (pfifo) or bytes (bfifo). */
  | { readonly kind: 'pfifo' | 'bfifo'; readonly limit?: number }
  /** Fair queueing; fq also keeps to the departure time of a packet. */
  | { readonly kind: 'fq' | 'fq_codel' };

/** A queueing discipline of a device. */
export interface Qdisc {
  readonly interfaceIndex: number;
  readonly kind: string;
  /** As `tc` writes it: `8001:0`, `ffff:0`. */
  readonly handle: string;
  readonly parent: 'root' | 'clsact' | (string & {});
}

/**
 * Reads the payload of an RTM_NEWQDISC message.
 * @throws WaggleError MALFORMED
 */
export function decodeQdisc(payload: Uint8Array): Qdisc {
  const { header, attributes } = parsePayload(payload, TRAFFIC_HEADER_SIZE);
  const parent = header.getUint32(12, true);
  return {
    interfaceIndex: header.getInt32(4, true),
    kind: attributes.text(TrafficAttribute.kind) ?? '',
    handle: handleText(header.getUint32(8, true)),
    parent: parent === TC_H_ROOT ? 'root' : parent === TC_H_CLSACT ? 'clsact' : handleText(parent),
  };
}

function handleText(handle: number): string {
  return `${(handle >>> 16).toString(16)}:${(handle & 0xffff).toString(16)}`;
}

/** struct tcmsg */
export function writeTrafficHeader(
  message: MessageBuilder,
  index: number,
  handle: number,
  parent: number,
  information: number,
): MessageBuilder {
  return message.u8(AF_UNSPEC, 0).u16(0).u32(index).u32(handle).u32(parent).u32(information);
}

/** The queueing disciplines in one network namespace. */
export class Qdiscs {
  readonly #socket: NetlinkSocket;

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** All that are set up, or those of one device. */
  list(filter: { readonly device?: Device } = {}): Qdisc[] {
    const intent = { operation: 'list', object: 'queueing disciplines' };
    const index = filter.device === undefined ? 0 : this.#index(filter.device, intent);
    const message = writeTrafficHeader(new MessageBuilder(RTM_GETQDISC), index, 0, 0, 0);
    const all = this.#socket.dump(message, intent).map(({ payload }) => decodeQdisc(payload));
    // Kernels before 5.7 answer with all devices.
    return index === 0 ? all : all.filter((qdisc) => qdisc.interfaceIndex === index);
  }

  /** Adds a queueing discipline at the device's root, or at the place of clsact.
   * @throws KernelError EXISTS, NOT_FOUND; NOT_FOUND also when the kernel lacks the kind. */
  add(device: Device, spec: QdiscSpec): void {
    this.#put('add', MessageFlag.create | MessageFlag.exclusive, device, spec);
  }

  /** Adds a queueing discipline, or puts it in the place of the one that is there. */
  replace(device: Device, spec: QdiscSpec): void {
    this.#put('replace', MessageFlag.create | MessageFlag.replace, device, spec);
  }

  /**
   * Makes sure that a device has clsact.
   * @returns whether it was added now.
   * @throws KernelError EXISTS when `ingress` is in its place.
   */
  ensureClsact(device: Device): boolean {
    try {
      this.add(device, { kind: 'clsact' });
      return true;
    } catch (error) {
      if (!(error instanceof KernelError) || error.errno !== errno.EEXIST) throw error;
      if (this.list({ device }).some(({ kind }) => kind === 'clsact')) return false;
      throw error;
    }
  }

  /** Deletes what is at a place: clsact and ingress with all their filters, the root for the kernel's default.
   * @throws KernelError NOT_FOUND */
  delete(device: Device, place: 'root' | 'clsact'): void {
    const intent = {
      operation: 'delete',
      object: `the ${place} queueing discipline of ${deviceText(device)}`,
    };
    const parent = place === 'root' ? TC_H_ROOT : TC_H_CLSACT;
    const message = new MessageBuilder(RTM_DELQDISC);
    this.#socket.request(writeTrafficHeader(message, this.#index(device, intent), 0, parent, 0), intent);
  }

  #put(operation: string, flags: number, device: Device, spec: QdiscSpec): void {
    const intent = { operation, object: `queueing discipline ${spec.kind} to ${deviceText(device)}` };
    const atClsact = spec.kind === 'clsact' || spec.kind === 'ingress';
    const [handle, parent] = atClsact ? [CLSACT_HANDLE, TC_H_CLSACT] : [0, TC_H_ROOT];
    const message = new MessageBuilder(RTM_NEWQDISC, flags);
    writeTrafficHeader(message, this.#index(device, intent), handle, parent, 0);
    message.addText(TrafficAttribute.kind, spec.kind);
    if ('limit' in spec && spec.limit !== undefined) {
      const limit = checkU32(spec.limit, 'the limit of a queue');
      // struct tc_fifo_qopt, without attributes around it.
      message.addBlock(TrafficAttribute.options, () => message.u32(limit));
    }
    this.#socket.request(message, intent);
  }

  #index(device: Device, intent: Intent): number {
    return interfaceIndex(this.#socket, device, intent);
  }
}
