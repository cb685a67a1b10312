/**
 * IP addresses of devices: `network.addresses` (RTM_NEWADDR; include/uapi/linux/if_addr.h).
 */
import {
  formatAddress,
  formatPrefix,
  type IpFamily,
  type IpPrefix,
  parseAddress,
  parsePrefix,
} from './addresses.ts';
import { type Device, deviceText, interfaceIndex } from './device.ts';
import { familyNumber, familyOf, isIpFamily } from './family.ts';
import { MessageBuilder } from './message-builder.ts';
import { MessageFlag, parsePayload } from './netlink-message.ts';
import type { Intent, NetlinkSocket } from './netlink-socket.ts';
import { type Scope, scopes } from './route.ts';
import { numberOf, type Unknown, wordOf, wordsOf } from './words.ts';

const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_GETADDR = 22;
/** struct ifaddrmsg */
const HEADER_SIZE = 8;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_BROADCAST = 4;
const IFA_FLAGS = 8;

const flagBits = {
  secondary: 0x01,
  noDuplicateDetection: 0x02,
  optimistic: 0x04,
  duplicate: 0x08,
  deprecated: 0x20,
  tentative: 0x40,
  permanent: 0x80,
  noPrefixRoute: 0x200,
} as const;
/** A property of an address (IFA_F_*): `tentative` while IPv6 looks for another owner, `duplicate` when it found one. */
export type InterfaceAddressFlag = keyof typeof flagBits;

/** An address of a device. */
export interface InterfaceAddress {
  readonly interfaceIndex: number;
  readonly family: IpFamily;
  /** The address alone. */
  readonly address: string;
  readonly prefixLength: number;
  /** Both: `10.0.0.1/24`. */
  readonly prefix: string;
  /** The other end of a point-to-point link. */
  readonly peer: string | undefined;
  readonly broadcast: string | undefined;
  readonly scope: Scope | Unknown;
  readonly flags: readonly InterfaceAddressFlag[];
}

/** How an address is added. */
export interface InterfaceAddressOptions {
  /** The other end of a point-to-point link; the prefix length is then the peer's. */
  readonly peer?: string;
  readonly broadcast?: string;
  /** `global` by default; `host` for loopback addresses. */
  readonly scope?: Scope;
  /** IPv6: usable at once, without a second of looking for another owner. */
  readonly noDuplicateDetection?: boolean;
  /** Adds no route to the prefix. */
  readonly noPrefixRoute?: boolean;
}

/** Which addresses to list. */
export interface InterfaceAddressFilter {
  readonly device?: Device;
  readonly family?: IpFamily;
}

/**
 * Reads the payload of an RTM_NEWADDR message; undefined for the address of another protocol than IP.
 * @throws WaggleError MALFORMED
 */
export function decodeInterfaceAddress(payload: Uint8Array): InterfaceAddress | undefined {
  const { header, attributes } = parsePayload(payload, HEADER_SIZE);
  const family = familyOf(header.getUint8(0));
  const prefixLength = header.getUint8(1);
  const far = attributes.bytes(IFA_ADDRESS);
  // IPv6 gives the local address only where there is a peer.
  const near = attributes.bytes(IFA_LOCAL) ?? far;
  if (family === undefined || !isIpFamily(near, family)) return undefined;
  const address = formatAddress(near);
  const peer = far === undefined ? address : formatAddress(far);
  const broadcast = attributes.bytes(IFA_BROADCAST);
  const bits = attributes.u32(IFA_FLAGS) ?? header.getUint8(2);
  return {
    interfaceIndex: header.getUint32(4, true),
    family,
    address,
    prefixLength,
    prefix: formatPrefix({ bytes: near, length: prefixLength }),
    peer: peer === address ? undefined : peer,
    broadcast: broadcast === undefined ? undefined : formatAddress(broadcast),
    scope: wordOf(scopes, header.getUint8(3)),
    flags: wordsOf(flagBits, bits),
  };
}

/** The addresses in one network namespace. */
export class InterfaceAddresses {
  readonly #socket: NetlinkSocket;

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** All addresses, or those that the filter names. */
  list(filter: InterfaceAddressFilter = {}): InterfaceAddress[] {
    const intent = { operation: 'list', object: 'addresses' };
    const index = filter.device === undefined ? 0 : interfaceIndex(this.#socket, filter.device, intent);
    const message = new MessageBuilder(RTM_GETADDR).u8(familyNumber(filter.family), 0, 0, 0).u32(index);
    return this.#socket.dump(message, intent).flatMap(({ payload }) => decodeInterfaceAddress(payload) ?? []);
  }

  /**
   * Adds an address such as `10.0.0.1/24` to a device.
   * @throws KernelError EXISTS, NOT_FOUND
   */
  add(device: Device, prefix: string, options: InterfaceAddressOptions = {}): void {
    this.#put('add', MessageFlag.create | MessageFlag.exclusive, device, prefix, options);
  }

  /** Adds an address, or gives the one that is there these options.
   * @throws KernelError NOT_FOUND */
  replace(device: Device, prefix: string, options: InterfaceAddressOptions = {}): void {
    this.#put('replace', MessageFlag.create | MessageFlag.replace, device, prefix, options);
  }

  /** Takes an address from a device; `peer` as it was added.
   * @throws KernelError NOT_FOUND */
  delete(device: Device, prefix: string, options: Pick<InterfaceAddressOptions, 'peer'> = {}): void {
    const intent = { operation: 'delete', object: `address ${prefix} from ${deviceText(device)}` };
    this.#socket.request(
      this.#encode(new MessageBuilder(RTM_DELADDR), device, prefix, options, intent),
      intent,
    );
  }

  #put(
    operation: string,
    flags: number,
    device: Device,
    prefix: string,
    options: InterfaceAddressOptions,
  ): void {
    const intent = { operation, object: `address ${prefix} to ${deviceText(device)}` };
    this.#socket.request(
      this.#encode(new MessageBuilder(RTM_NEWADDR, flags), device, prefix, options, intent),
      intent,
    );
  }

  #encode(
    message: MessageBuilder,
    device: Device,
    text: string,
    options: InterfaceAddressOptions,
    intent: Intent,
  ): MessageBuilder {
    const prefix: IpPrefix = parsePrefix(text);
    const { noDuplicateDetection, noPrefixRoute } = options;
    const bits =
      (noDuplicateDetection ? flagBits.noDuplicateDetection : 0) |
      (noPrefixRoute ? flagBits.noPrefixRoute : 0);
    message
      .u8(
        familyNumber(prefix.family),
        prefix.length,
        0,
        numberOf(scopes, options.scope ?? 'global', 'a scope'),
      )
      .u32(interfaceIndex(this.#socket, device, intent))
      .addBytes(IFA_LOCAL, prefix.bytes)
      .addBytes(IFA_ADDRESS, options.peer === undefined ? prefix.bytes : parseAddress(options.peer).bytes);
    if (options.broadcast !== undefined) {
      message.addBytes(IFA_BROADCAST, parseAddress(options.broadcast).bytes);
    }
    return bits === 0 ? message : message.addU32(IFA_FLAGS, bits);
  }
}
