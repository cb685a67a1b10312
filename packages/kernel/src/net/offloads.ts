/**
 * Offloads: work on packets that a device may do itself (checksums, segmentation, merging), switched on and off as
 * `ethtool -K` does: `network.offloads` (ETHTOOL_MSG_FEATURES_*; Documentation/networking/ethtool-netlink.rst; Linux 5.7).
 *
 * The kernel decides in the end: an offload may depend on another, or be fixed. So what was asked for is compared with
 * what came of it.
 */
import { nearest, WaggleError } from '@waggle/bpf';
import { checkInterfaceName } from './checks.ts';
import { type Device, deviceText } from './device.ts';
import { findFamily, GENERIC_HEADER_SIZE, genericMessage } from './generic-netlink.ts';
import type { MessageBuilder } from './message-builder.ts';
import { Attributes, parsePayload } from './netlink-message.ts';
import type { Intent, NetlinkSocket } from './netlink-socket.ts';

const ETHTOOL_MSG_FEATURES_GET = 11;
const ETHTOOL_MSG_FEATURES_SET = 12;
/** ETHTOOL_A_HEADER_* and ETHTOOL_A_FEATURES_* */
const HeaderAttribute = { deviceIndex: 1, deviceName: 2, flags: 3 } as const;
const FeatureAttribute = { header: 1, hardware: 2, wanted: 3, active: 4, noChange: 5 } as const;
const ETHTOOL_FLAG_OMIT_REPLY = 2;
/** ETHTOOL_A_BITSET_NOMASK, _BITS; a bit of those; its ETHTOOL_A_BITSET_BIT_NAME, _VALUE */
const BITSET_BITS = 3;
const BITS_BIT = 1;
const BIT_NAME = 2;
const BIT_VALUE = 3;

/** The names that `ethtool -K` has for several offloads together. */
const groups: Readonly<Record<string, RegExp>> = {
  rx: /^rx-checksum$/,
  tx: /^tx-checksum-/,
  sg: /^tx-scatter-gather/,
  tso: /^tx-tcp.*-segmentation$/,
  gso: /^tx-generic-segmentation$/,
  gro: /^rx-gro$/,
  lro: /^rx-lro$/,
};

/** One offload of a device. */
export interface Offload {
  /** Whether the device does it now. */
  readonly active: boolean;
  /** Whether it was asked for; it is not active all the same while another one that it needs is off. */
  readonly wanted: boolean;
  /** Whether it can be switched at all. */
  readonly changeable: boolean;
}

/** The offloads of devices in one network namespace. */
export class Offloads {
  readonly #route: NetlinkSocket;
  #generic: { readonly socket: NetlinkSocket; readonly family: number } | undefined;

  /** @param route tells the namespace; a socket of the right family is opened when the first request is made. */
  constructor(route: NetlinkSocket) {
    this.#route = route;
  }

  /**
   * All offloads that the kernel knows, by name: `rx-gro`, `tx-checksum-ip-generic`, `tx-tcp-segmentation` …
   * @throws KernelError NOT_FOUND when there is no such device.
   */
  get(device: Device): Map<string, Offload> {
    return this.#get(device, { operation: 'get', object: `offloads of ${deviceText(device)}` });
  }

  /**
   * Switches offloads on and off, by name or by one of the short names `rx`, `tx`, `sg`, `tso`, `gso`, `gro`, `lro`, which
   * stand for all that belong to them and can be switched.
   * @throws WaggleError NOT_FOUND for an unknown name; KernelError, or WaggleError NOT_SUPPORTED when the kernel left one as it was.
   */
  set(device: Device, changes: Readonly<Record<string, boolean>>): void {
    const intent = { operation: 'set', object: `offloads of ${deviceText(device)}` };
    const wanted = expand(changes, this.#get(device, intent), intent);
    if (wanted.size === 0) return;
    const message = this.#message(ETHTOOL_MSG_FEATURES_SET, device, ETHTOOL_FLAG_OMIT_REPLY);
    message.addNested(FeatureAttribute.wanted, () => {
      message.addNested(BITSET_BITS, () => {
        for (const [name, on] of wanted) {
          message.addNested(BITS_BIT, () => {
            message.addText(BIT_NAME, name);
            if (on) message.addFlag(BIT_VALUE);
          });
        }
      });
    });
    this.#connect().socket.request(message, intent);
    const after = this.#get(device, intent);
    const kept = [...wanted].filter(([name, on]) => after.get(name)?.active !== on);
    if (kept.length === 0) return;
    const list = kept.map(([name, on]) => `${name} ${on ? 'off' : 'on'}`).join(', ');
    throw new WaggleError('NOT_SUPPORTED', `${intent.operation} ${intent.object}: the kernel left ${list}`, {
      hint: 'It may be fixed in this device, or depend on another offload',
    });
  }

  /** Closes the socket, if one was opened. */
  close(): void {
    this.#generic?.socket.close();
    this.#generic = undefined;
  }

  #get(device: Device, intent: Intent): Map<string, Offload> {
    const [reply] = this.#connect().socket.request(
      this.#message(ETHTOOL_MSG_FEATURES_GET, device, 0),
      intent,
    );
    return decodeOffloads(reply?.payload ?? new Uint8Array());
  }

  #message(command: number, device: Device, flags: number): MessageBuilder {
    const message = genericMessage(this.#connect().family, command);
    return message.addNested(FeatureAttribute.header, () => {
      if (typeof device === 'number') message.addU32(HeaderAttribute.deviceIndex, device);
      else message.addText(HeaderAttribute.deviceName, checkInterfaceName(device));
      if (flags !== 0) message.addU32(HeaderAttribute.flags, flags);
    });
  }

  #connect(): { readonly socket: NetlinkSocket; readonly family: number } {
    if (this.#generic !== undefined) return this.#generic;
    const socket = this.#route.sibling('generic');
    try {
      this.#generic = { socket, family: findFamily(socket, 'ethtool') };
      return this.#generic;
    } catch (error) {
      socket.close();
      throw error;
    }
  }
}

/** The offloads that changes name, short names replaced by what they stand for; a full name beats a short one. */
function expand(
  changes: Readonly<Record<string, boolean>>,
  offloads: ReadonlyMap<string, Offload>,
  intent: Intent,
): Map<string, boolean> {
  const wanted = new Map<string, boolean>();
  const single: [string, boolean][] = [];
  for (const [name, on] of Object.entries(changes)) {
    const pattern = Object.hasOwn(groups, name) ? groups[name] : undefined;
    if (pattern === undefined) {
      single.push([name, on]);
      continue;
    }
    for (const [member, { changeable }] of offloads)
      if (changeable && pattern.test(member)) wanted.set(member, on);
  }
  for (const [name, on] of single) {
    if (!offloads.has(name)) throw unknownOffload(name, offloads, intent);
    wanted.set(name, on);
  }
  return wanted;
}

function unknownOffload(name: string, offloads: ReadonlyMap<string, Offload>, intent: Intent): WaggleError {
  const meant = nearest(name, [...offloads.keys(), ...Object.keys(groups)]);
  return new WaggleError('NOT_FOUND', `${intent.operation} ${intent.object}: there is no offload "${name}"`, {
    ...(meant === undefined ? {} : { hint: `Did you mean ${meant}?` }),
  });
}

/**
 * Reads the payload of an ETHTOOL_MSG_FEATURES_GET_REPLY message.
 * @throws WaggleError MALFORMED
 */
export function decodeOffloads(payload: Uint8Array): Map<string, Offload> {
  const { attributes } = parsePayload(payload, GENERIC_HEADER_SIZE);
  const { hardware, wanted, active, noChange } = FeatureAttribute;
  const all = bitsOf(attributes.nested(hardware));
  const isWanted = bitsOf(attributes.nested(wanted));
  const isActive = bitsOf(attributes.nested(active));
  const isFixed = bitsOf(attributes.nested(noChange));
  const offloads = new Map<string, Offload>();
  for (const [name, changeable] of all) {
    offloads.set(name, {
      active: isActive.has(name),
      wanted: isWanted.has(name),
      changeable: changeable && !isFixed.has(name),
    });
  }
  return offloads;
}

/**
 * The bits of a bitset in its verbose form. One with a mask lists the bits of the mask and says of each whether it is
 * set; one without lists those that are set.
 */
function bitsOf(bitset: Attributes | undefined): Map<string, boolean> {
  const bits = new Map<string, boolean>();
  for (const { payload } of bitset?.nested(BITSET_BITS)?.entries ?? []) {
    const bit = Attributes.parse(payload);
    bits.set(bit.text(BIT_NAME) ?? '', bit.has(BIT_VALUE));
  }
  return bits;
}
