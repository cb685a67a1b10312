/** Frames of TCP over IPv4, made up for a datapath without a network. */
import { codecOf, Ethernet, EtherType, IpProtocol, Ipv4, Tcp } from '@waggle/bpf';
import { parseIpv4, parseMac } from '@waggle/kernel';

/** An end of a connection. */
export interface TcpEnd {
  readonly mac: string;
  readonly ipv4: string;
  readonly port: number;
}

/** What is in a segment. */
export interface TcpSegment {
  /** Bits of TcpFlag. */
  readonly flags: number;
  readonly sequence?: number;
  readonly acknowledgement?: number;
  readonly data?: Uint8Array;
}

const VERSION_4_WITHOUT_OPTIONS = 0x45;
const DO_NOT_FRAGMENT = 0x4000;
const HEADER_WITHOUT_OPTIONS = 0x50;
const WINDOW = 64_240;
const TIME_TO_LIVE = 64;

/** The frame of a segment, its checksums right. */
export function tcpFrame(from: TcpEnd, to: TcpEnd, segment: TcpSegment): Uint8Array {
  const { flags, sequence = 0, acknowledgement = 0, data = new Uint8Array() } = segment;
  const [source, destination] = [parseIpv4(from.ipv4), parseIpv4(to.ipv4)];
  const length = Tcp.size + data.length;
  const ethernet = codecOf(Ethernet).encode({
    destination: parseMac(to.mac),
    source: parseMac(from.mac),
    protocol: EtherType.Ipv4,
  });
  const ip = codecOf(Ipv4).encode({
    versionAndLength: VERSION_4_WITHOUT_OPTIONS,
    typeOfService: 0,
    totalLength: Ipv4.size + length,
    identification: 0,
    fragment: DO_NOT_FRAGMENT,
    timeToLive: TIME_TO_LIVE,
    protocol: IpProtocol.Tcp,
    checksum: 0,
    source,
    destination,
  });
  const tcp = codecOf(Tcp).encode({
    source: from.port,
    destination: to.port,
    sequence,
    acknowledgement,
    dataOffset: HEADER_WITHOUT_OPTIONS,
    flags,
    window: WINDOW,
    checksum: 0,
    urgent: 0,
  });
  const payload = Uint8Array.from([...tcp, ...data]);
  // The addresses, the protocol and the length count, too (RFC 9293, 3.1).
  const pseudo = Uint8Array.from([...ip.subarray(12, 20), 0, IpProtocol.Tcp, length >>> 8, length & 0xff]);
  new DataView(payload.buffer).setUint16(16, checksumOf(Uint8Array.from([...pseudo, ...payload])));
  new DataView(ip.buffer, ip.byteOffset).setUint16(10, checksumOf(ip));
  return Uint8Array.from([...ethernet, ...ip, ...payload]);
}

/** The Internet checksum (RFC 1071); 0 over what has its own in it. */
export function checksumOf(bytes: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < bytes.length; index += 2) {
    sum += ((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
