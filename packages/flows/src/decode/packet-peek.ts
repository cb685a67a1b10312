/**
 * A glance at a packet: addresses, protocol and ports of plain IPv4 and IPv6, read in place. For all else (VLANs, extension headers,
 * fragments, what is cut off) it says that it does not know, and who wants to know decodes the whole.
 */
import { IpProtocol } from '@waggle/bpf';
import type { RecordView } from '../store/record.ts';

const ETHERNET = 14;
const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const IPV6_HEADER = 40;
/** The third word of an IPv4 address that is mapped into IPv6. */
const MAPPED = 0xffff;
/** Room of a header with ports and TCP's flags. */
const TCP_FLAGS = 13;

export class PacketPeek {
  /** 0: not known. */
  version: 0 | 4 | 6 = 0;
  /** IANA's number; -1: not known. */
  protocol = -1;
  /** -1: not known, or there are none. */
  sourcePort = -1;
  destinationPort = -1;
  /** TCP's, as bits; -1: not known, or not TCP. */
  flags = -1;
  /** Type and code of ICMP; -1 as above. */
  icmpType = -1;
  icmpCode = -1;
  /** Four words each, IPv4 mapped into IPv6; they say something where the version is known. */
  readonly source = new Uint32Array(4);
  readonly destination = new Uint32Array(4);
  #record: RecordView | undefined;

  /** Looks at the packet of a record. */
  look(record: RecordView): this {
    this.#record = record;
    this.version = 0;
    this.protocol = -1;
    this.sourcePort = -1;
    this.destinationPort = -1;
    this.flags = -1;
    this.icmpType = -1;
    this.icmpCode = -1;
    const { captured } = record;
    if (captured < ETHERNET) return this;
    const type = this.#u16(12);
    if (type === IPV4) this.#lookIpv4(captured);
    else if (type === IPV6) this.#lookIpv6(captured);
    return this;
  }

  #lookIpv4(captured: number): void {
    const first = this.#u8(ETHERNET);
    const length = (first & 0xf) * 4;
    if (first >>> 4 !== 4 || length < 20 || captured < ETHERNET + 20) return;
    this.version = 4;
    this.#mapped(this.source, ETHERNET + 12);
    this.#mapped(this.destination, ETHERNET + 16);
    this.protocol = this.#u8(ETHERNET + 9);
    // The middle of a datagram has no ports.
    if ((this.#u16(ETHERNET + 6) & 0x1fff) !== 0) return;
    this.#lookTransport(ETHERNET + length, captured);
  }

  #lookIpv6(captured: number): void {
    if (captured < ETHERNET + IPV6_HEADER || this.#u8(ETHERNET) >>> 4 !== 6) return;
    this.version = 6;
    for (let word = 0; word < 4; word++) {
      this.source[word] = this.#u32(ETHERNET + 8 + word * 4);
      this.destination[word] = this.#u32(ETHERNET + 24 + word * 4);
    }
    const protocol = this.#u8(ETHERNET + 6);
    if (!isTransport(protocol)) return;
    this.protocol = protocol;
    this.#lookTransport(ETHERNET + IPV6_HEADER, captured);
  }

  #lookTransport(offset: number, captured: number): void {
    const { protocol } = this;
    if (protocol === IpProtocol.Icmp || protocol === IpProtocol.Icmpv6) {
      if (captured < offset + 4) return;
      this.icmpType = this.#u8(offset);
      this.icmpCode = this.#u8(offset + 1);
      return;
    }
    const size = HEADER_BYTES[protocol];
    // A header that is not there as a whole is none, as for those who decode it.
    if (size === undefined || captured < offset + size) return;
    this.sourcePort = this.#u16(offset);
    this.destinationPort = this.#u16(offset + 2);
    if (protocol === IpProtocol.Tcp) this.flags = this.#u8(offset + TCP_FLAGS);
  }

  #mapped(address: Uint32Array, offset: number): void {
    address[0] = 0;
    address[1] = 0;
    address[2] = MAPPED;
    address[3] = this.#u32(offset);
  }

  #u8(offset: number): number {
    return this.#record?.packetByte(offset) ?? 0;
  }

  #u16(offset: number): number {
    return this.#u8(offset) * 256 + this.#u8(offset + 1);
  }

  #u32(offset: number): number {
    return this.#u16(offset) * 0x1_0000 + this.#u16(offset + 2);
  }
}

const HEADER_BYTES: Readonly<Record<number, number>> = {
  [IpProtocol.Tcp]: 20,
  [IpProtocol.Udp]: 8,
  [IpProtocol.Sctp]: 12,
};

const isTransport = (protocol: number): boolean =>
  HEADER_BYTES[protocol] !== undefined || protocol === IpProtocol.Icmpv6 || protocol === IpProtocol.Icmp;
