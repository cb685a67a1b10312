/**
 * A network device as the kernel describes it (RTM_NEWLINK; include/uapi/linux/if_link.h), decoded into the words that
 * `ip link` uses too. Pure: a message in, a {@link Link} out.
 */
import { formatAddress, formatMac } from './addresses.ts';
import { type Attributes, parsePayload, textOf } from './netlink-message.ts';
import { type Unknown, wordOf, wordsOf } from './words.ts';

/** Attributes of a link (IFLA_*). */
export const LinkAttribute = {
  address: 1,
  name: 3,
  mtu: 4,
  link: 5,
  master: 10,
  transmitQueueLength: 13,
  operationalState: 16,
  information: 18,
  namespacePid: 19,
  alias: 20,
  statistics64: 23,
  group: 27,
  namespaceFd: 28,
  transmitQueues: 31,
  receiveQueues: 32,
  linkNamespaceId: 37,
  xdp: 43,
  propertyList: 52,
  alternativeName: 53,
} as const;

/** Attributes within `information` (IFLA_INFO_*). */
export const InformationAttribute = { kind: 1, data: 2 } as const;

/** Attributes of a VXLAN device (IFLA_VXLAN_*). */
export const VxlanAttribute = {
  id: 1,
  group: 2,
  link: 3,
  local: 4,
  ttl: 5,
  learning: 7,
  port: 15,
  group6: 16,
  local6: 17,
  udpChecksum: 18,
  groupPolicy: 23,
  collectMetadata: 25,
} as const;

/** Attributes of a bridge (IFLA_BR_*) and of a macvlan device (IFLA_MACVLAN_*). */
export const BridgeAttribute = { spanningTree: 5 } as const;
export const MacvlanAttribute = { mode: 1 } as const;
export const macvlanModes = { private: 1, vepa: 2, bridge: 4, passthru: 8, source: 16 } as const;
export type MacvlanMode = keyof typeof macvlanModes;

/** Bits of a device (IFF_*). */
const flagBits = {
  up: 0x1,
  broadcast: 0x2,
  loopback: 0x8,
  pointToPoint: 0x10,
  running: 0x40,
  noArp: 0x80,
  promiscuous: 0x100,
  allMulticast: 0x200,
  master: 0x400,
  slave: 0x800,
  multicast: 0x1000,
  lowerUp: 0x10000,
  dormant: 0x20000,
} as const;
/** A property of a device; `up` is what the administrator wants, `lowerUp` that there is a carrier. */
export type LinkFlag = keyof typeof flagBits;
export const IFF_UP = flagBits.up;

/** RFC 2863; IF_OPER_* */
const operationalStates = {
  unknown: 0,
  notPresent: 1,
  down: 2,
  lowerLayerDown: 3,
  testing: 4,
  dormant: 5,
  up: 6,
} as const;
export type OperationalState = keyof typeof operationalStates | Unknown;

/** XDP_ATTACHED_* */
const xdpModes = { native: 1, generic: 2, offloaded: 3, multiple: 4 } as const;

/** What one direction of a device has counted since it was created. */
export interface LinkCounters {
  readonly packets: bigint;
  readonly bytes: bigint;
  readonly errors: bigint;
  readonly dropped: bigint;
}

/** The XDP program of a device; `multiple` when it has one in more than one mode, and then no single id. */
export interface LinkXdp {
  readonly mode: keyof typeof xdpModes | Unknown;
  readonly programId: number | undefined;
}

/** What is special about a VXLAN device. */
export interface VxlanProperties {
  /** Identifier, address of the other end and so on are taken from each packet's tunnel metadata. */
  readonly external: boolean;
  readonly vni: number;
  readonly port: number;
  readonly local: string | undefined;
  /** The other end, or the multicast group. */
  readonly remote: string | undefined;
  readonly linkIndex: number | undefined;
  readonly learning: boolean;
}

/** A network device. */
export interface Link {
  readonly index: number;
  readonly name: string;
  readonly alternativeNames: readonly string[];
  /** `veth`, `vxlan`, `bridge` …; undefined for hardware and for the loopback device. */
  readonly kind: string | undefined;
  readonly mac: string | undefined;
  readonly mtu: number;
  readonly flags: readonly LinkFlag[];
  readonly up: boolean;
  readonly operationalState: OperationalState;
  /** Index of the bridge or other device that this one is a port of. */
  readonly masterIndex: number | undefined;
  /** Index of the device under this one, or of a veth's peer; in another namespace when `linkNamespaceId` is there. */
  readonly linkIndex: number | undefined;
  /** This namespace's number for the namespace that `linkIndex` counts in. */
  readonly linkNamespaceId: number | undefined;
  readonly group: number;
  readonly alias: string | undefined;
  readonly transmitQueues: number;
  readonly receiveQueues: number;
  readonly transmitQueueLength: number;
  readonly xdp: LinkXdp | undefined;
  readonly vxlan: VxlanProperties | undefined;
  readonly macvlanMode: MacvlanMode | Unknown | undefined;
  readonly received: LinkCounters;
  readonly sent: LinkCounters;
}

/** struct ifinfomsg */
export const LINK_HEADER_SIZE = 16;

/**
 * Reads the payload of an RTM_NEWLINK message.
 * @throws WaggleError MALFORMED
 */
export function decodeLink(payload: Uint8Array): Link {
  const { header, attributes } = parsePayload(payload, LINK_HEADER_SIZE);
  const bits = header.getUint32(8, true);
  const mac = attributes.bytes(LinkAttribute.address);
  const information = attributes.nested(LinkAttribute.information);
  const kind = information?.text(InformationAttribute.kind);
  const data = information?.nested(InformationAttribute.data);
  const statistics = attributes.bytes(LinkAttribute.statistics64);
  const macvlanMode = kind === 'macvlan' ? data?.u32(MacvlanAttribute.mode) : undefined;
  return {
    index: header.getInt32(4, true),
    name: attributes.text(LinkAttribute.name) ?? '',
    alternativeNames: alternativeNames(attributes.nested(LinkAttribute.propertyList)),
    kind,
    mac: mac === undefined || mac.length === 0 ? undefined : formatMac(mac),
    mtu: attributes.u32(LinkAttribute.mtu) ?? 0,
    flags: wordsOf(flagBits, bits),
    up: (bits & IFF_UP) !== 0,
    operationalState: wordOf(operationalStates, attributes.u8(LinkAttribute.operationalState) ?? 0),
    masterIndex: attributes.u32(LinkAttribute.master),
    linkIndex: attributes.u32(LinkAttribute.link),
    linkNamespaceId: attributes.i32(LinkAttribute.linkNamespaceId),
    group: attributes.u32(LinkAttribute.group) ?? 0,
    alias: attributes.text(LinkAttribute.alias),
    transmitQueues: attributes.u32(LinkAttribute.transmitQueues) ?? 1,
    receiveQueues: attributes.u32(LinkAttribute.receiveQueues) ?? 1,
    transmitQueueLength: attributes.u32(LinkAttribute.transmitQueueLength) ?? 0,
    xdp: decodeXdp(attributes.nested(LinkAttribute.xdp)),
    vxlan: kind === 'vxlan' && data !== undefined ? decodeVxlan(data) : undefined,
    macvlanMode: macvlanMode === undefined ? undefined : wordOf(macvlanModes, macvlanMode),
    received: counters(statistics, 0),
    sent: counters(statistics, 1),
  };
}

function alternativeNames(properties: Attributes | undefined): string[] {
  const entries = properties?.entries ?? [];
  return entries
    .filter(({ type }) => type === LinkAttribute.alternativeName)
    .map(({ payload }) => textOf(payload));
}

/** struct rtnl_link_stats64 begins with packets, bytes, errors and drops, received and sent in turns. */
function counters(statistics: Uint8Array | undefined, direction: 0 | 1): LinkCounters {
  const at = (index: number): bigint => {
    const offset = 8 * (2 * index + direction);
    if (statistics === undefined || statistics.length < offset + 8) return 0n;
    return new DataView(statistics.buffer, statistics.byteOffset + offset).getBigUint64(0, true);
  };
  return { packets: at(0), bytes: at(1), errors: at(2), dropped: at(3) };
}

/** IFLA_XDP_ATTACHED, IFLA_XDP_PROG_ID */
function decodeXdp(xdp: Attributes | undefined): LinkXdp | undefined {
  const mode = xdp?.u8(2) ?? 0;
  return mode === 0 ? undefined : { mode: wordOf(xdpModes, mode), programId: xdp?.u32(4) };
}

function decodeVxlan(data: Attributes): VxlanProperties {
  const { group, group6, local, local6 } = VxlanAttribute;
  const address = (type: number, type6: number): string | undefined => {
    const bytes = data.bytes(type) ?? data.bytes(type6);
    return bytes === undefined ? undefined : formatAddress(bytes);
  };
  return {
    external: (data.u8(VxlanAttribute.collectMetadata) ?? 0) !== 0,
    vni: data.u32(VxlanAttribute.id) ?? 0,
    port: data.u16BigEndian(VxlanAttribute.port) ?? 0,
    local: address(local, local6),
    remote: address(group, group6),
    linkIndex: data.u32(VxlanAttribute.link),
    learning: (data.u8(VxlanAttribute.learning) ?? 0) !== 0,
  };
}
