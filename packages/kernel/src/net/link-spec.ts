/**
 * Devices to be created: one spec per kind, and how each becomes a message. Pure, but for the indexes of other devices,
 * which the caller looks up.
 */
import { describe, WaggleError } from '@waggle/bpf';
import { parseAddress, parseMac } from './addresses.ts';
import { checkInterfaceName, checkMtu, checkPort, checkRange, checkU32, checkVni } from './checks.ts';
import type { Device, NamespaceTarget } from './device.ts';
import {
  BridgeAttribute,
  IFF_UP,
  InformationAttribute,
  LinkAttribute,
  MacvlanAttribute,
  type MacvlanMode,
  macvlanModes,
  VxlanAttribute,
} from './link.ts';
import { MessageBuilder } from './message-builder.ts';
import { MessageFlag } from './netlink-message.ts';
import { numberOf } from './words.ts';

/** What every new device may be given. */
export interface CommonLinkSpec {
  /** 1 to 15 characters. */
  readonly name: string;
  readonly mac?: string;
  /** Bytes. */
  readonly mtu?: number;
  readonly transmitQueues?: number;
  readonly receiveQueues?: number;
  /** A number by which devices can be told apart. */
  readonly group?: number;
}

/** What a device in the namespace of the request may be given besides. */
export interface LocalLinkSpec extends CommonLinkSpec {
  /** Brings the device up at once. */
  readonly up?: boolean;
  /** The bridge that it becomes a port of. */
  readonly master?: Device;
}

/** The other end of a veth pair. It is down at first: the kernel cannot bring it up before the pair is joined. */
export interface VethPeerSpec extends CommonLinkSpec {
  /** Where it is put; beside the first end by default. */
  readonly namespace?: NamespaceTarget;
}

/** Two devices joined by a virtual wire. */
export interface VethSpec extends LocalLinkSpec {
  readonly kind: 'veth';
  readonly peer: VethPeerSpec;
}

/** A tunnel of Ethernet frames in UDP (RFC 7348). */
export interface VxlanSpec extends LocalLinkSpec {
  readonly kind: 'vxlan';
  /** The network identifier of every packet; not with `external`. */
  readonly vni?: number;
  /** Takes identifier and addresses from the tunnel metadata that a bpf program or a route sets for each packet. */
  readonly external?: boolean;
  /** UDP port, 4789 by default as IANA assigned it (the kernel's own default is the older 8472). */
  readonly port?: number;
  /** Source address of the outer packets. */
  readonly local?: string;
  /** The other end, or a multicast group. */
  readonly remote?: string;
  /** The device under the tunnel. */
  readonly device?: Device;
  /** Whether the device learns who is behind which tunnel end; off by default: a control plane knows better. */
  readonly learning?: boolean;
  /** Time to live of outer packets, 0 (inherit or default) to 255. */
  readonly ttl?: number;
  /** UDP checksums over IPv4. */
  readonly udpChecksum?: boolean;
  /** Carries the packet mark in the group policy extension. */
  readonly groupPolicy?: boolean;
}

/** A learning switch. */
export interface BridgeSpec extends LocalLinkSpec {
  readonly kind: 'bridge';
  readonly spanningTree?: boolean;
}

/** A device that swallows what is sent through it. */
export interface DummySpec extends LocalLinkSpec {
  readonly kind: 'dummy';
}

/** A device with a MAC address of its own on top of another. */
export interface MacvlanSpec extends LocalLinkSpec {
  readonly kind: 'macvlan';
  readonly device: Device;
  readonly mode: MacvlanMode;
}

/** A device to be created. */
export type LinkSpec = VethSpec | VxlanSpec | BridgeSpec | DummySpec | MacvlanSpec;

/** Looks up the index of a device. */
export type Resolve = (device: Device) => number;

const RTM_NEWLINK = 16;
const VETH_INFO_PEER = 1;
/** The port that IANA assigned to VXLAN. */
const VXLAN_PORT = 4789;

/**
 * The message that creates a device.
 * @throws WaggleError for what cannot be right; MALFORMED, OUT_OF_RANGE, WRONG_TYPE.
 */
export function encodeLinkSpec(spec: LinkSpec, resolve: Resolve): MessageBuilder {
  const message = new MessageBuilder(RTM_NEWLINK, MessageFlag.create | MessageFlag.exclusive);
  writeLinkHeader(message, 0, spec.up);
  writeCommon(message, spec);
  if (spec.master !== undefined) message.addU32(LinkAttribute.master, resolve(spec.master));
  if (spec.kind === 'macvlan') message.addU32(LinkAttribute.link, resolve(spec.device));
  return message.addNested(LinkAttribute.information, () => {
    message.addText(InformationAttribute.kind, spec.kind);
    if (spec.kind !== 'dummy') {
      message.addNested(InformationAttribute.data, () => writeData(message, spec, resolve));
    }
  });
}

/** struct ifinfomsg; `index` 0 for a device that is known by name, or not there yet. */
export function writeLinkHeader(
  message: MessageBuilder,
  index: number,
  up: boolean | undefined,
): MessageBuilder {
  const change = up === undefined ? 0 : IFF_UP;
  return message
    .u8(0, 0)
    .u16(0)
    .u32(index)
    .u32(up ? IFF_UP : 0)
    .u32(change);
}

function writeCommon(message: MessageBuilder, spec: CommonLinkSpec): void {
  message.addText(LinkAttribute.name, checkInterfaceName(spec.name));
  if (spec.mac !== undefined) message.addBytes(LinkAttribute.address, parseMac(spec.mac));
  if (spec.mtu !== undefined) message.addU32(LinkAttribute.mtu, checkMtu(spec.mtu));
  if (spec.transmitQueues !== undefined) {
    message.addU32(LinkAttribute.transmitQueues, checkQueues(spec.transmitQueues));
  }
  if (spec.receiveQueues !== undefined) {
    message.addU32(LinkAttribute.receiveQueues, checkQueues(spec.receiveQueues));
  }
  if (spec.group !== undefined) message.addU32(LinkAttribute.group, checkU32(spec.group, 'a device group'));
}

function checkQueues(count: number): number {
  return checkRange(count, 'the number of queues', 1, 4096);
}

/** Names the namespace that a device is put into. */
export function writeNamespace(message: MessageBuilder, target: NamespaceTarget): void {
  if ('fd' in target) message.addU32(LinkAttribute.namespaceFd, target.fd);
  else message.addU32(LinkAttribute.namespacePid, checkRange(target.pid, 'a process id', 1, 0x7fffffff));
}

function writeData(message: MessageBuilder, spec: Exclude<LinkSpec, DummySpec>, resolve: Resolve): void {
  switch (spec.kind) {
    case 'veth':
      message.addBlock(VETH_INFO_PEER, () => {
        writeLinkHeader(message, 0, undefined);
        writeCommon(message, spec.peer);
        if (spec.peer.namespace !== undefined) writeNamespace(message, spec.peer.namespace);
      });
      return;
    case 'vxlan':
      writeVxlan(message, spec, resolve);
      return;
    case 'bridge':
      if (spec.spanningTree !== undefined) {
        message.addU32(BridgeAttribute.spanningTree, Number(spec.spanningTree));
      }
      return;
    case 'macvlan':
      message.addU32(MacvlanAttribute.mode, numberOf(macvlanModes, spec.mode, 'a macvlan mode'));
      return;
    default:
      throw new WaggleError(
        'WRONG_TYPE',
        `${describe((spec as { kind: unknown }).kind)} is not a kind of device`,
        {
          hint: 'Write one of veth, vxlan, bridge, dummy, macvlan',
        },
      );
  }
}

function writeVxlan(message: MessageBuilder, spec: VxlanSpec, resolve: Resolve): void {
  const external = spec.external === true;
  if (external === (spec.vni !== undefined)) {
    throw new WaggleError(
      'INVALID',
      `VXLAN device ${describe(spec.name)} needs either a vni or external: true`,
      {
        hint: 'An external device takes the identifier from each packet',
      },
    );
  }
  if (external) message.addU8(VxlanAttribute.collectMetadata, 1);
  if (spec.vni !== undefined) message.addU32(VxlanAttribute.id, checkVni(spec.vni));
  message.addU16BigEndian(VxlanAttribute.port, checkPort(spec.port ?? VXLAN_PORT));
  message.addU8(VxlanAttribute.learning, Number(spec.learning ?? false));
  if (spec.local !== undefined) {
    writeAddress(message, spec.local, VxlanAttribute.local, VxlanAttribute.local6);
  }
  if (spec.remote !== undefined) {
    writeAddress(message, spec.remote, VxlanAttribute.group, VxlanAttribute.group6);
  }
  if (spec.device !== undefined) message.addU32(VxlanAttribute.link, resolve(spec.device));
  if (spec.ttl !== undefined) {
    message.addU8(VxlanAttribute.ttl, checkRange(spec.ttl, 'a time to live', 0, 255));
  }
  if (spec.udpChecksum !== undefined) message.addU8(VxlanAttribute.udpChecksum, Number(spec.udpChecksum));
  if (spec.groupPolicy === true) message.addFlag(VxlanAttribute.groupPolicy);
}

function writeAddress(message: MessageBuilder, text: string, type: number, type6: number): void {
  const { family, bytes } = parseAddress(text);
  message.addBytes(family === 4 ? type : type6, bytes);
}
