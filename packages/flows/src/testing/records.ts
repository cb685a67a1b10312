/** Records and packets, made up for tests. */
import { codecOf, type Infer } from '@waggle/bpf';
import { Event } from '@waggle/datapath/events';
import { parseAddress } from '@waggle/kernel';
import type { FlowService } from '../flow-service.ts';
import { FlowStore } from '../store/flow-store.ts';

type Fields = Infer<typeof Event>;
const NOTHING: Fields = {
  time: 0n,
  type: 4,
  subtype: 0,
  towards: 0,
  reason: 0,
  interface: 0,
  source: 0,
  destination: 0,
  cookie: 0,
  responderCookie: 0,
  originalSource: [0, 0, 0, 0],
  port: 0,
  proxyPort: 0,
  protocol: 0,
  audit: 0,
  captured: 0,
  length: 0,
  data: new Uint8Array(128),
};

/** What a record is made of: fields that differ from zero, and its packet. */
export interface RecordSpec extends Partial<Omit<Fields, 'data' | 'captured' | 'length'>> {
  readonly packet?: Uint8Array;
  readonly captured?: number;
  readonly length?: number;
}

/** A record as the kernel writes it. */
export function recordOf({ packet = new Uint8Array(), ...fields }: RecordSpec): Uint8Array {
  const data = new Uint8Array(128);
  data.set(packet.subarray(0, 128));
  const captured = Math.min(packet.length, 128);
  return codecOf(Event).encode({ ...NOTHING, captured, length: packet.length, ...fields, data });
}

/** Puts a record into a store, as the reader of the kernel's buffer does. */
export function put(target: FlowStore | FlowService, record: Uint8Array): void {
  const store = target instanceof FlowStore ? target : target.store;
  const index = store.place(record.length);
  if (index < 0) return;
  store.words.set(new Uint32Array(record.buffer, record.byteOffset, record.length / 4), index);
  store.placed(index);
}

/** A packet in a few words. */
export interface PacketSpec {
  readonly source: string;
  readonly destination: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp' | 'icmp';
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly flags?: number;
  readonly type?: number;
  readonly code?: number;
}

const word16 = (value: number): number[] => [value >>> 8, value & 0xff];

/** A packet from its Ethernet header on, IPv4 or IPv6 by its addresses; checksums are zero. */
export function packetOf(spec: PacketSpec): Uint8Array {
  const { sourcePort = 0, destinationPort = 0, flags = 0, type = 8, code = 0 } = spec;
  const source = parseAddress(spec.source);
  const destination = parseAddress(spec.destination);
  const isIpv6 = source.bytes.length === 16;
  const ports = [...word16(sourcePort), ...word16(destinationPort)];
  const [number, body] = {
    tcp: [6, [...ports, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0]] as const,
    udp: [17, [...ports, 0, 8, 0, 0]] as const,
    sctp: [132, [...ports, 0, 0, 0, 1, 0, 0, 0, 0, 1]] as const,
    icmp: [isIpv6 ? 58 : 1, [type, code, 0, 0, 0, 1, 0, 1]] as const,
  }[spec.protocol];
  const addresses = [...source.bytes, ...destination.bytes];
  const ip = isIpv6
    ? [0x60, 0, 0, 0, ...word16(body.length), number, 64, ...addresses]
    : [0x45, 0, ...word16(20 + body.length), 0, 0, 0, 0, 64, number, 0, 0, ...addresses];
  const ethernet = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, ...(isIpv6 ? [0x86, 0xdd] : [8, 0])];
  return Uint8Array.from([...ethernet, ...ip, ...body]);
}
