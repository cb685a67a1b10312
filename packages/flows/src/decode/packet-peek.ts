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

  /** Looks at the packet of a record. */
  look(record: RecordView): this {
    this.version = 0;
    this.protocol = -1;
    this.sourcePort = -1;
    this.destinationPort = -1;
    this.flags = -1;
    this.icmpType = -1;
    this.icmpCode = -1;
    const { captured, data, packetStart } = record;
    if (captured < ETHERNET) return this;
    const end = packetStart + captured;
    const type = data.getUint16(packetStart + 12);
    if (type === IPV4) this.#lookIpv4(data, packetStart + ETHERNET, end);
    else if (type === IPV6) this.#lookIpv6(data, packetStart + ETHERNET, end);
    return this;
  }

  #lookIpv4(data: DataView, start: number, end: number): void {
    if (end - start < 20) return;
    const first = data.getUint8(start);
    const length = (first & 0xf) * 4;
    if (first >>> 4 !== 4 || length < 20) return;
    this.version = 4;
    setMapped(this.source, data.getUint32(start + 12));
    setMapped(this.destination, data.getUint32(start + 16));
    this.protocol = data.getUint8(start + 9);
    // The middle of a datagram has no ports.
    if ((data.getUint16(start + 6) & 0x1fff) !== 0) return;
    this.#lookTransport(data, start + length, end);
  }

  #lookIpv6(data: DataView, start: number, end: number): void {
    if (end - start < IPV6_HEADER || data.getUint8(start) >>> 4 !== 6) return;
    this.version = 6;
    for (let word = 0; word < 4; word++) {
      this.source[word] = data.getUint32(start + 8 + word * 4);
      this.destination[word] = data.getUint32(start + 24 + word * 4);
    }
    const protocol = data.getUint8(start + 6);
    if (!isTransport(protocol)) return;
    this.protocol = protocol;
    this.#lookTransport(data, start + IPV6_HEADER, end);
  }

  #lookTransport(data: DataView, start: number, end: number): void {
    const { protocol } = this;
    if (protocol === IpProtocol.Icmp || protocol === IpProtocol.Icmpv6) {
      if (end - start < 4) return;
      this.icmpType = data.getUint8(start);
      this.icmpCode = data.getUint8(start + 1);
      return;
    }
    const size = HEADER_BYTES[protocol];
    // A header that is not there as a whole is none, as for those who decode it.
    if (size === undefined || end - start < size) return;
    this.sourcePort = data.getUint16(start);
    this.destinationPort = data.getUint16(start + 2);
    if (protocol === IpProtocol.Tcp) this.flags = data.getUint8(start + TCP_FLAGS);
  }
}

function setMapped(address: Uint32Array, word: number): void {
  address[0] = 0;
  address[1] = 0;
  address[2] = MAPPED;
  address[3] = word;
}

const HEADER_BYTES: Readonly<Record<number, number>> = {
  [IpProtocol.Tcp]: 20,
  [IpProtocol.Udp]: 8,
  [IpProtocol.Sctp]: 12,
};

const isTransport = (protocol: number): boolean =>
  HEADER_BYTES[protocol] !== undefined || protocol === IpProtocol.Icmpv6 || protocol === IpProtocol.Icmp;
