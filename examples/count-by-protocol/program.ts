/**
 * An XDP program that counts packets and bytes by IP protocol, written instruction by instruction. The map and its
 * value are declared once: the program adds to the fields at the offsets of `Traffic`, user space reads them by name.
 */
import { arrayMap, struct, u64, Xdp } from '@waggle/bpf';
import {
  alu64,
  assemble,
  atomic,
  callHelper,
  exit,
  goto,
  Helper,
  jump,
  label,
  load,
  loadMap,
  r0,
  r1,
  r2,
  r3,
  r4,
  r6,
  r7,
  r10,
  store,
} from '@waggle/compiler';
import type { ProgramSpec } from '@waggle/kernel';

export const Traffic = struct('traffic', { packets: u64, bytes: u64 });

/** Indexed by IP protocol number. 255, which no protocol has, stands for packets that are not IP. */
export const traffic = arrayMap({ name: 'traffic', value: Traffic, maxEntries: 256 });
export const NOT_IP = 255;

const PACKETS = 0;
const BYTES = 8;
/** Lengths and offsets in Ethernet, IPv4 and IPv6 headers (RFC 791, RFC 8200). */
const ETHERNET = 14;
const ETHER_TYPE = 12;
const IPV4_PROTOCOL = ETHERNET + 9;
const IPV6_NEXT_HEADER = ETHERNET + 6;
const LONG_ENOUGH = ETHERNET + 20;

/** The bytes of an ether type as a little-endian load sees them. */
const etherType = (value: number) => ((value & 0xff) << 8) | (value >> 8);

const code = assemble([
  load('u32', r6, r1, 0), // r6 = context.data
  load('u32', r3, r1, 4), // r3 = context.dataEnd
  alu64.mov(r7, r3),
  alu64.sub(r7, r6), // r7 = length of the packet
  alu64.mov(r4, NOT_IP), // r4 = protocol

  alu64.mov(r2, r6), // the verifier wants to see that the headers are there before we read them
  alu64.add(r2, LONG_ENOUGH),
  jump.greater(r2, r3, 'count'),
  load('u16', r2, r6, ETHER_TYPE),
  jump.equal(r2, etherType(0x86dd), 'ipv6'),
  jump.notEqual(r2, etherType(0x0800), 'count'),
  load('u8', r4, r6, IPV4_PROTOCOL),
  goto('count'),
  label('ipv6'),
  load('u8', r4, r6, IPV6_NEXT_HEADER),

  label('count'),
  store('u32', r10, -4, r4), // the key, on the stack
  alu64.mov(r2, r10),
  alu64.add(r2, -4),
  loadMap(r1, 'traffic'),
  callHelper(Helper.mapLookupElem),
  jump.equal(r0, 0, 'pass'),
  alu64.mov(r1, 1),
  atomic('add', 'u64', r0, PACKETS, r1),
  atomic('add', 'u64', r0, BYTES, r7),

  label('pass'),
  alu64.mov(r0, Xdp.Pass),
  exit(),
]);

export const countByProtocol: ProgramSpec = {
  type: 'xdp',
  name: 'count_protocol',
  code,
  license: 'Apache-2.0',
};
