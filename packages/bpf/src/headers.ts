/**
 * The headers of packets as structs, with their fields in plain words. They are packed: a packet aligns nothing. Each name is a
 * value (the struct) and a type (what `ctx.at()` gives), so a function takes `(ip: Ipv4)`.
 */
import { be16, be32, u8 } from './scalar.ts';
import { struct } from './struct.ts';
import type { Ref } from './struct-methods.ts';
import { bytes } from './types.ts';

const packed = { packed: true } as const;

/** Ethernet II. */
export const Ethernet = struct(
  'ethernet',
  { destination: bytes(6), source: bytes(6), protocol: be16 },
  packed,
);
export type Ethernet = Ref<typeof Ethernet>;

/** An 802.1Q or 802.1ad tag: what stands between the addresses and the protocol of Ethernet. */
export const Vlan = struct(
  'vlan',
  {
    /** Priority in the upper 3 bits, whether it may be dropped in the next, the VLAN in the lower 12. */
    tag: be16,
    protocol: be16,
  },
  packed,
);
export type Vlan = Ref<typeof Vlan>;

/** ARP for Ethernet and IPv4 (RFC 826). */
export const Arp = struct(
  'arp',
  {
    hardwareType: be16,
    protocolType: be16,
    hardwareLength: u8,
    protocolLength: u8,
    operation: be16,
    senderMac: bytes(6),
    senderAddress: be32,
    targetMac: bytes(6),
    targetAddress: be32,
  },
  packed,
);
export type Arp = Ref<typeof Arp>;

/** IPv4 without its options (RFC 791). */
export const Ipv4 = struct(
  'ipv4',
  {
    /** The version (4) in the upper half, the length of the header in 32 bit words in the lower. */
    versionAndLength: u8,
    typeOfService: u8,
    totalLength: be16,
    identification: be16,
    /** Flags in the upper 3 bits, the offset in 8 byte units in the lower 13. */
    fragment: be16,
    timeToLive: u8,
    protocol: u8,
    checksum: be16,
    source: be32,
    destination: be32,
  },
  {
    packed: true,
    methods: {
      /** How many bytes the header has with its options: where the next one begins. */
      headerLength() {
        return (this.versionAndLength & 15) * 4;
      },
    },
  },
);
export type Ipv4 = Ref<typeof Ipv4>;

/** IPv6 without its extension headers (RFC 8200). */
export const Ipv6 = struct(
  'ipv6',
  {
    /** The version (6) in the upper 4 bits, the traffic class in the next 8, the flow label in the lower 20. */
    versionAndFlow: be32,
    payloadLength: be16,
    nextHeader: u8,
    hopLimit: u8,
    source: bytes(16),
    destination: bytes(16),
  },
  packed,
);
export type Ipv6 = Ref<typeof Ipv6>;

/** The first 8 bytes of every ICMP and ICMPv6 message (RFC 792, RFC 4443). */
export const Icmp = struct('icmp', { type: u8, code: u8, checksum: be16, rest: be32 }, packed);
export type Icmp = Ref<typeof Icmp>;

/** TCP without its options (RFC 9293). */
export const Tcp = struct(
  'tcp',
  {
    source: be16,
    destination: be16,
    sequence: be32,
    acknowledgement: be32,
    /** The length of the header in 32 bit words, in the upper half. */
    dataOffset: u8,
    /** See {@link TcpFlag}. */
    flags: u8,
    window: be16,
    checksum: be16,
    urgent: be16,
  },
  {
    packed: true,
    methods: {
      /** How many bytes the header has with its options: where the data begins. */
      headerLength() {
        return (this.dataOffset >>> 4) * 4;
      },
    },
  },
);
export type Tcp = Ref<typeof Tcp>;

/** UDP (RFC 768). */
export const Udp = struct('udp', { source: be16, destination: be16, length: be16, checksum: be16 }, packed);
export type Udp = Ref<typeof Udp>;

/** The ports, which TCP, UDP and SCTP have in the same place. */
export const Ports = struct('ports', { source: be16, destination: be16 }, packed);
export type Ports = Ref<typeof Ports>;

/** Bits of {@link Tcp} `flags`. */
export const TcpFlag = Object.freeze({ Fin: 1, Syn: 2, Rst: 4, Psh: 8, Ack: 16, Urg: 32, Ece: 64, Cwr: 128 });

/** Protocols of Ethernet (IEEE 802 numbers); they compare with the be16 fields as they are. */
export const EtherType = Object.freeze({
  Ipv4: 0x0800,
  Arp: 0x0806,
  Vlan: 0x8100,
  Ipv6: 0x86dd,
  ServiceVlan: 0x88a8,
});

/** Protocols of IP (IANA numbers). */
export const IpProtocol = Object.freeze({
  Icmp: 1,
  Tcp: 6,
  Udp: 17,
  Ipv6: 41,
  Gre: 47,
  Esp: 50,
  Icmpv6: 58,
  Sctp: 132,
});
