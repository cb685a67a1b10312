/**
 * Network devices: `network.links`. Creating, changing and deleting them is one message each, which the kernel carries
 * out as a whole or not at all.
 */
import { parseMac } from './addresses.ts';
import { checkInterfaceName, checkMtu, checkRange, checkU32 } from './checks.ts';
import { type Device, deviceText, interfaceIndex, interfaceName, type NamespaceTarget } from './device.ts';
import { decodeLink, InformationAttribute, type Link, LinkAttribute } from './link.ts';
import { encodeLinkSpec, type LinkSpec, writeLinkHeader, writeNamespace } from './link-spec.ts';
import { MessageBuilder } from './message-builder.ts';
import type { Intent, NetlinkSocket } from './netlink-socket.ts';

const RTM_DELLINK = 17;
const RTM_GETLINK = 18;
const RTM_SETLINK = 19;

/** Changes to a device; what is left out stays as it is. */
export interface LinkChanges {
  readonly up?: boolean;
  /** Bytes. */
  readonly mtu?: number;
  readonly mac?: string;
  /** A new name. */
  readonly name?: string;
  /** The bridge that it becomes a port of, null for none. */
  readonly master?: Device | null;
  /** Moves it there; it arrives down and without addresses. */
  readonly namespace?: NamespaceTarget;
  readonly group?: number;
  /** A free text about the device. */
  readonly alias?: string;
  readonly transmitQueueLength?: number;
}

/** Which devices to list. */
export interface LinkFilter {
  /** `veth`, `vxlan`, `bridge` … */
  readonly kind?: string;
  /** Ports of this bridge only. */
  readonly master?: Device;
}

/** The devices of one network namespace. */
export class Links {
  readonly #socket: NetlinkSocket;

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** All devices, or those that the filter names. */
  list(filter: LinkFilter = {}): Link[] {
    const intent = { operation: 'list', object: 'network devices' };
    const { kind, master } = filter;
    const message = writeLinkHeader(new MessageBuilder(RTM_GETLINK), 0, undefined);
    if (master !== undefined) message.addU32(LinkAttribute.master, this.#index(master, intent));
    if (kind !== undefined) {
      message.addNested(LinkAttribute.information, () => message.addText(InformationAttribute.kind, kind));
    }
    const links = this.#socket.dump(message, intent).map(({ payload }) => decodeLink(payload));
    // The kernel lists all devices when nobody has made one of that kind yet.
    return kind === undefined ? links : links.filter((link) => link.kind === kind);
  }

  /** @throws KernelError NOT_FOUND */
  get(device: Device): Link {
    const intent = { operation: 'get', object: deviceText(device) };
    const message = new MessageBuilder(RTM_GETLINK);
    const [reply] = this.#socket.request(
      writeLinkHeader(message, this.#index(device, intent), undefined),
      intent,
    );
    return decodeLink(reply?.payload ?? new Uint8Array());
  }

  /** The index of a device.
   * @throws KernelError NOT_FOUND */
  index(name: string): number {
    return this.#index(name, { operation: 'find', object: deviceText(name) });
  }

  /** The name of a device.
   * @throws KernelError NOT_FOUND */
  name(index: number): string {
    return interfaceName(this.#socket, index);
  }

  /**
   * Creates a device (a veth pair: both), and answers it as the kernel describes it.
   * @throws KernelError EXISTS when the name is taken, NOT_SUPPORTED when the kernel lacks the kind; WaggleError for a spec that cannot be right.
   */
  create(spec: LinkSpec): Link {
    const intent = { operation: 'create', object: `${spec.kind} ${deviceText(spec.name)}` };
    this.#socket.request(
      encodeLinkSpec(spec, (device) => this.#index(device, intent)),
      intent,
    );
    return this.get(spec.name);
  }

  /**
   * Changes a device.
   * @throws KernelError NOT_FOUND, EXISTS when the new name is taken.
   */
  set(device: Device, changes: LinkChanges): void {
    const intent = { operation: 'change', object: deviceText(device) };
    const message = writeLinkHeader(new MessageBuilder(RTM_SETLINK), this.#index(device, intent), changes.up);
    const { mtu, mac, name, master, namespace, group, alias, transmitQueueLength } = changes;
    if (mtu !== undefined) message.addU32(LinkAttribute.mtu, checkMtu(mtu));
    if (mac !== undefined) message.addBytes(LinkAttribute.address, parseMac(mac));
    if (name !== undefined) message.addText(LinkAttribute.name, checkInterfaceName(name));
    if (master !== undefined) {
      message.addU32(LinkAttribute.master, master === null ? 0 : this.#index(master, intent));
    }
    if (namespace !== undefined) writeNamespace(message, namespace);
    if (group !== undefined) message.addU32(LinkAttribute.group, checkU32(group, 'a device group'));
    if (alias !== undefined) message.addText(LinkAttribute.alias, alias);
    if (transmitQueueLength !== undefined) {
      message.addU32(
        LinkAttribute.transmitQueueLength,
        checkU32(transmitQueueLength, 'the length of a queue'),
      );
    }
    this.#socket.request(message, intent);
  }

  /**
   * Deletes a device; with one end of a veth pair goes the other, in whatever namespace it is.
   * @throws KernelError NOT_FOUND
   */
  delete(device: Device): void {
    const intent = { operation: 'delete', object: deviceText(device) };
    const message = new MessageBuilder(RTM_DELLINK);
    this.#socket.request(writeLinkHeader(message, this.#index(device, intent), undefined), intent);
  }

  /**
   * Deletes all devices of a group, at once and without stopping this thread. A device is deleted when no CPU uses it any more, for
   * which the kernel waits some 10 milliseconds: for a hundred devices not longer than for one.
   * @throws KernelError NOT_FOUND when the group is empty.
   */
  async deleteGroup(group: number): Promise<void> {
    const intent = { operation: 'delete', object: `the devices of group ${group}` };
    const message = writeLinkHeader(new MessageBuilder(RTM_DELLINK), 0, undefined);
    message.addU32(LinkAttribute.group, checkRange(group, 'a device group', 1, 0xffffffff));
    using socket = this.#socket.sibling('route');
    await socket.requestAside(message, intent);
  }

  #index(device: Device, intent: Intent): number {
    return interfaceIndex(this.#socket, device, intent);
  }
}
