/**
 * Packets of TCP, UDP and ICMP in both families, made and read by the book: checksums are computed over everything they cover,
 * so that a test of programs which correct them by differences has something to compare with.
 */
import assert from 'node:assert/strict';
import { IpProtocol } from '@waggle/bpf';
import type { AddressWords } from '../address-words.ts';

/** A packet, as far as tests are concerned. */
export interface Segment {
  readonly source: AddressWords;
  readonly destination: AddressWords;
  readonly protocol: number;
  /** The identifier for ICMP. */
  readonly sourcePort: number;
  /** 0 for ICMP. */
  readonly destinationPort: number;
  readonly payload: Uint8Array;
  /** For ICMP: the request, or the answer to one. */
  readonly isReply?: boolean;
}

const ETHERNET = 14;
const { Tcp, Udp, Icmp, Icmpv6 } = IpProtocol;
const isIpv4 = (address: readonly number[]): boolean => address[0] === 0 && address[1] === 0;

/** The frame of a segment. */
export function frameOf(segment: Segment): Uint8Array {
  return framed(ipPacket(segment.source, segment.destination, segment.protocol, transportOf(segment)));
}

/** The frame of an error that somebody sends about a packet, with as much of it as asked for. */
export function errorFrameOf(from: AddressWords, about: Segment, bytes: number): Uint8Array {
  const inner = frameOf(about).subarray(ETHERNET).slice(0, bytes);
  const [type, protocol] = isIpv4(from) ? [11, Icmp] : [3, Icmpv6];
  const body = new Uint8Array(8 + inner.length);
  body[0] = type;
  body.set(inner, 8);
  put16(body, 2, checksum(body, protocol === Icmp ? [] : pseudo(from, about.source, protocol, body.length)));
  return framed(ipPacket(from, about.source, protocol, body));
}

/** Reads a frame, and finds fault with any checksum. */
export function parseFrame(frame: Uint8Array): Segment & { readonly body: Uint8Array } {
  return parsePacket(frame.subarray(ETHERNET), true);
}

/** Reads the packet that an error is about; finds fault with the checksums of the error, and of what is whole in it. */
export function parseErrorFrame(frame: Uint8Array): { from: AddressWords; to: AddressWords; about: Segment } {
  const { source, destination, body } = parseFrame(frame);
  return { from: source, to: destination, about: parsePacket(body.subarray(8), false) };
}

function parsePacket(packet: Uint8Array, isWhole: boolean): Segment & { readonly body: Uint8Array } {
  const version = (packet[0] ?? 0) >> 4;
  const at = version === 4 ? 20 : 40;
  if (version === 4) assert.equal(checksum(packet.subarray(0, 20)), 0, 'the checksum of IPv4');
  const protocol = packet[version === 4 ? 9 : 6] ?? 0;
  const words = (offset: number): AddressWords => {
    const view = new DataView(packet.buffer, packet.byteOffset + offset);
    if (version === 4) return [0, 0, 0xffff, view.getUint32(0)];
    return [view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)];
  };
  const [source, destination] = version === 4 ? [words(12), words(16)] : [words(8), words(24)];
  const body = packet.subarray(at);
  const length = version === 4 ? get16(packet, 2) - at : get16(packet, 4);
  if (isWhole || body.length >= length) {
    const covers = protocol === Icmp ? [] : pseudo(source, destination, protocol, body.length);
    assert.equal(checksum(body, covers), 0, `the checksum of protocol ${protocol}`);
  }
  const isEcho = protocol === Icmp || protocol === Icmpv6;
  return {
    source,
    destination,
    protocol,
    sourcePort: get16(body, isEcho ? 4 : 0),
    destinationPort: isEcho ? 0 : get16(body, 2),
    payload: body.slice(protocol === Tcp ? 20 : 8),
    body,
  };
}

function framed(packet: Uint8Array): Uint8Array {
  const frame = new Uint8Array(ETHERNET + packet.length);
  put16(frame, 12, (packet[0] ?? 0) >> 4 === 4 ? 0x0800 : 0x86dd);
  frame.set(packet, ETHERNET);
  return frame;
}

function ipPacket(source: AddressWords, destination: AddressWords, protocol: number, body: Uint8Array) {
  const [at, size] = isIpv4(source) ? [12, 20] : [8, 40];
  const packet = new Uint8Array(size + body.length);
  const words = isIpv4(source) ? [source[3], destination[3]] : [...source, ...destination];
  const view = new DataView(packet.buffer);
  for (const [index, word] of words.entries()) view.setUint32(at + 4 * index, word);
  packet.set(body, size);
  if (size === 40) {
    packet.set([0x60, 0, 0, 0, 0, 0, protocol, 64]);
    put16(packet, 4, body.length);
    return packet;
  }
  packet.set([0x45, 0, 0, 0, 0x12, 0x34, 0, 0, 64, protocol]);
  put16(packet, 2, packet.length);
  put16(packet, 10, checksum(packet.subarray(0, size)));
  return packet;
}

function transportOf(segment: Segment): Uint8Array {
  const { source, destination, protocol, payload } = segment;
  const body = new Uint8Array((protocol === Tcp ? 20 : 8) + payload.length);
  body.set(payload, body.length - payload.length);
  const covers = protocol === Icmp ? [] : pseudo(source, destination, protocol, body.length);
  if (protocol === Tcp || protocol === Udp) {
    put16(body, 0, segment.sourcePort);
    put16(body, 2, segment.destinationPort);
    if (protocol === Tcp) body.set([0x50, 0x10], 12);
    else put16(body, 4, body.length);
    put16(body, protocol === Tcp ? 16 : 6, checksum(body, covers) || 0xffff);
    return body;
  }
  const [request, reply] = protocol === Icmp ? [8, 0] : [128, 129];
  body[0] = segment.isReply ? reply : request;
  put16(body, 4, segment.sourcePort);
  put16(body, 2, checksum(body, covers));
  return body;
}

/** What a checksum covers beyond the header: addresses, length and protocol. */
function pseudo(source: AddressWords, destination: AddressWords, protocol: number, length: number): number[] {
  const words = isIpv4(source) ? [source[3], destination[3]] : [...source, ...destination];
  return [...words.flatMap((word) => [word >>> 16, word & 0xffff]), length, protocol];
}

/** RFC 1071. */
function checksum(bytes: Uint8Array, more: readonly number[] = []): number {
  let sum = more.reduce((total, word) => total + word, 0);
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value & 0xff;
}

const get16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
