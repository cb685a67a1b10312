/**
 * Programs at clsact: `network.filters` (RTM_NEWTFILTER with cls_bpf; include/uapi/linux/pkt_cls.h). This is how traffic
 * control programs are attached where the kernel has no tcx (before 6.6). A filter stays until it or its clsact is deleted,
 * also when the process that added it ends. Programs run in the order of their priority, and decide directly: what
 * a program returns is the verdict.
 */
import { checkRange } from './checks.ts';
import { type Device, deviceText, interfaceIndex } from './device.ts';
import { MessageBuilder } from './message-builder.ts';
import { type Attributes, MessageFlag, parsePayload } from './netlink-message.ts';
import type { Intent, NetlinkSocket } from './netlink-socket.ts';
import { TRAFFIC_HEADER_SIZE, TrafficAttribute, writeTrafficHeader } from './qdiscs.ts';
import { numberOf } from './words.ts';

const RTM_NEWTFILTER = 44;
const RTM_DELTFILTER = 45;
const RTM_GETTFILTER = 46;
/** TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), TC_H_MIN_EGRESS */
const parents = { ingress: 0xfffffff2, egress: 0xfffffff3 } as const;
/** TCA_BPF_* */
const BpfAttribute = { fd: 6, name: 7, flags: 8, tag: 10, id: 11 } as const;
const TCA_BPF_FLAG_ACT_DIRECT = 1;
/** All protocols; as htons(ETH_P_ALL) in the message. */
const ETH_P_ALL = 0x0003;
const KIND = 'bpf';

/** Packets that a device receives, or those that it is about to send. */
export type Direction = keyof typeof parents;

/** Which filter: its device and direction, and its place among the others there. */
export interface FilterPlace {
  readonly device: Device;
  readonly direction: Direction;
  /** 1 (the first) to 65535. */
  readonly priority: number;
  /** Tells filters of one priority apart. */
  readonly handle: number;
}

/** A program to be attached. */
export interface FilterSpec extends FilterPlace {
  /** The program, or its file descriptor: of type sched_cls. */
  readonly program: { readonly fd: number };
  /** What listings call the filter. */
  readonly name: string;
}

/** A filter; of other kinds than bpf no more is told than where it is. */
export interface Filter {
  readonly interfaceIndex: number;
  readonly direction: Direction;
  readonly priority: number;
  readonly handle: number;
  readonly kind: string;
  readonly name: string | undefined;
  readonly programId: number | undefined;
  /** The hash of the program, in hexadecimal. */
  readonly programTag: string | undefined;
  readonly direct: boolean;
}

/**
 * Reads the payload of an RTM_NEWTFILTER message; undefined for a filter elsewhere than at clsact, and for the
 * message by which the kernel announces a priority without filters.
 * @throws WaggleError MALFORMED
 */
export function decodeFilter(payload: Uint8Array): Filter | undefined {
  const { header, attributes } = parsePayload(payload, TRAFFIC_HEADER_SIZE);
  const parent = header.getUint32(12, true);
  const direction = parent === parents.ingress ? 'ingress' : parent === parents.egress ? 'egress' : undefined;
  const handle = header.getUint32(8, true);
  if (direction === undefined || handle === 0) return undefined;
  const kind = attributes.text(TrafficAttribute.kind) ?? '';
  const options: Attributes | undefined =
    kind === KIND ? attributes.nested(TrafficAttribute.options) : undefined;
  const tag = options?.bytes(BpfAttribute.tag);
  return {
    interfaceIndex: header.getInt32(4, true),
    direction,
    priority: header.getUint32(16, true) >>> 16,
    handle,
    kind,
    name: options?.text(BpfAttribute.name),
    programId: options?.u32(BpfAttribute.id),
    programTag: tag === undefined ? undefined : Buffer.from(tag).toString('hex'),
    direct: ((options?.u32(BpfAttribute.flags) ?? 0) & TCA_BPF_FLAG_ACT_DIRECT) !== 0,
  };
}

/** The filters in one network namespace. */
export class Filters {
  readonly #socket: NetlinkSocket;

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** The filters of a device, those of both directions or of one. */
  list(filter: { readonly device: Device; readonly direction?: Direction }): Filter[] {
    const intent = { operation: 'list', object: `filters of ${deviceText(filter.device)}` };
    const index = interfaceIndex(this.#socket, filter.device, intent);
    const directions: Direction[] =
      filter.direction === undefined ? ['ingress', 'egress'] : [filter.direction];
    return directions.flatMap((direction) => {
      const message = writeTrafficHeader(new MessageBuilder(RTM_GETTFILTER), index, 0, parents[direction], 0);
      return this.#socket.dump(message, intent).flatMap(({ payload }) => decodeFilter(payload) ?? []);
    });
  }

  /** Attaches a program; the device has clsact already (`qdiscs.ensureClsact`).
   * @throws KernelError EXISTS when the place is taken; INVALID without clsact, or when the program is of another type. */
  add(spec: FilterSpec): void {
    this.#put('add', MessageFlag.create | MessageFlag.exclusive, spec);
  }

  /** Attaches a program, or puts it in the place of the one that is there, without a packet passing in between. */
  replace(spec: FilterSpec): void {
    this.#put('replace', MessageFlag.create, spec);
  }

  /** Detaches a program.
   * @throws KernelError NOT_FOUND */
  delete(place: FilterPlace): void {
    const intent = { operation: 'delete', object: filterText(place) };
    const message = this.#header(new MessageBuilder(RTM_DELTFILTER), place, intent);
    this.#socket.request(message.addText(TrafficAttribute.kind, KIND), intent);
  }

  #put(operation: string, flags: number, spec: FilterSpec): void {
    const intent = { operation, object: filterText(spec) };
    const message = this.#header(new MessageBuilder(RTM_NEWTFILTER, flags), spec, intent);
    message.addText(TrafficAttribute.kind, KIND);
    message.addNested(TrafficAttribute.options, () => {
      message.addU32(BpfAttribute.fd, spec.program.fd);
      message.addText(BpfAttribute.name, spec.name);
      message.addU32(BpfAttribute.flags, TCA_BPF_FLAG_ACT_DIRECT);
    });
    this.#socket.request(message, intent);
  }

  #header(message: MessageBuilder, place: FilterPlace, intent: Intent): MessageBuilder {
    const priority = checkRange(place.priority, 'the priority of a filter', 1, 0xffff);
    const handle = checkRange(place.handle, 'the handle of a filter', 1, 0x7fffffff);
    const index = interfaceIndex(this.#socket, place.device, intent);
    const protocol = ((ETH_P_ALL & 0xff) << 8) | (ETH_P_ALL >> 8);
    return writeTrafficHeader(
      message,
      index,
      handle,
      numberOf(parents, place.direction, 'a direction'),
      ((priority << 16) | protocol) >>> 0,
    );
  }
}

function filterText({ device, direction, priority, handle }: FilterPlace): string {
  return `filter ${priority}/${handle} at ${direction} of ${deviceText(device)}`;
}
