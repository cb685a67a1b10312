/** The headers against what is on the wire: sizes of the standards, and a frame taken apart by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codecOf } from './codec.ts';
import {
  Arp,
  Ethernet,
  EtherType,
  Icmp,
  IpProtocol,
  Ipv4,
  Ipv6,
  Ports,
  Tcp,
  TcpFlag,
  Udp,
  Vlan,
} from './headers.ts';

test('headers are as long as the standards say', () => {
  const sizes = [Ethernet, Vlan, Arp, Ipv4, Ipv6, Icmp, Tcp, Udp, Ports].map(({ size }) => size);
  assert.deepEqual(sizes, [14, 4, 28, 20, 40, 8, 20, 8, 4]);
});

test('a TCP SYN reads as what it is', () => {
  const hex =
    '020000000002020000000001 0800 4500003c1c4640004006b1e6 c0a80068 c0a80001 d431 0050 0b3a1f2c 00000000 a002 7210 e5ab 0000';
  const frame = Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
  const at = <T>(type: { size: number }, codec: { decode(bytes: Uint8Array): T }, offset: number): T =>
    codec.decode(frame.slice(offset, offset + type.size));
  const ethernet = at(Ethernet, codecOf(Ethernet), 0);
  assert.equal(ethernet.protocol, EtherType.Ipv4);
  const ip = at(Ipv4, codecOf(Ipv4), 14);
  assert.deepEqual(
    [ip.versionAndLength, ip.totalLength, ip.fragment, ip.timeToLive, ip.protocol, ip.source, ip.destination],
    [0x45, 60, 0x4000, 64, IpProtocol.Tcp, 0xc0a80068, 0xc0a80001],
  );
  const tcp = at(Tcp, codecOf(Tcp), 34);
  assert.deepEqual(
    [tcp.source, tcp.destination, tcp.dataOffset >>> 4, tcp.flags],
    [54321, 80, 10, TcpFlag.Syn],
  );
  assert.deepEqual([Ipv4.methods?.headerLength?.call(ip), Tcp.methods?.headerLength?.call(tcp)], [20, 40]);
});
