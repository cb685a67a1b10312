/** Endpoints and their host find each other's MAC addresses, and what is for the link alone makes no noise. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Network, type NetworkNamespace, writeSysctl } from '@waggle/kernel';
import { needsRoot } from '../packages/kernel/src/testing/lab.ts';

await import('@waggle/compiler/register');
const { GATEWAY_MAC } = await import('@waggle/datapath');
const { DatapathLab } = await import('./support/datapath-lab.ts');
const { PacketLab } = await import('./support/packet-lab.ts');

const IDENTITY = 300;
const PORT = 8080;
const OWN_MAC = '02:00:00:00:00:05';

/** Which addresses are at a MAC address, as a namespace has found out. */
function found(namespace: NetworkNamespace, at: string): string[] {
  using network = Network.open(namespace);
  const there = network.neighbours
    .list()
    .filter(({ mac, address }) => mac === at && !address.startsWith('ff'));
  return there.map(({ address }) => address).sort();
}

const hex = (text: string): string => text.replaceAll(/[^0-9a-f]/g, '');
const byte = (value: number): string => value.toString(16).padStart(2, '0');
const [OWN, OTHER, NOBODY] = ['0a000001', '0a000063', '00000000'];
const [OWN6, OTHER6] = ['20010db8000100000000000000000001', '20010db8000100000000000000000063'];
const LINK_LOCAL = 'fe800000000000000000000000000005';
const ALL = 'ff020000000000000000000000000001';

const arp = (operation: number, sender: string, target: string): string =>
  `ffffffffffff${hex(OWN_MAC)}0806000108000604${byte(0)}${byte(operation)}${hex(OWN_MAC)}${sender}${hex(GATEWAY_MAC)}${target}`;
/** The sum that a right checksum makes 0xffff (RFC 1071). */
const onesSum = (text: string): number => {
  let sum = (text.match(/.{4}/g) ?? []).reduce((total, word) => total + Number.parseInt(word, 16), 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
};
/** An ICMPv6 message, its checksum wrong. */
const icmp6 = (type: number, source: string, { target = '', hops = 255 } = {}): string =>
  `333300000001${hex(OWN_MAC)}86dd60000000${byte(0)}${byte(8 + target.length / 2)}3a${byte(hops)}` +
  `${source}${ALL}${byte(type)}00abcd00000000${target}`;
/** A packet of IPv4 with nothing in it. */
const ipv4 = (protocol: number, destination: string): string =>
  `01005e000001${hex(OWN_MAC)}0800450000200000000001${byte(protocol)}0000${OWN}${destination}${'00'.repeat(12)}`;

test('endpoints and host find each other without being told', { skip: needsRoot }, async () => {
  using lab = new DatapathLab();
  lab.open(IDENTITY);
  const [one, other] = [lab.endpoint(IDENTITY), lab.endpoint(IDENTITY)];
  for (const namespace of [other.namespace, lab.world]) await lab.serve(namespace, PORT);
  const questions = [other, lab.worldAddress].flatMap(({ ipv4, ipv6 }) =>
    [ipv4, ipv6].map((address) => ({ protocol: 'tcp' as const, address, port: PORT })),
  );
  assert.deepEqual(await lab.ask(one.namespace, ...questions), Array(4).fill('answered'));
  const gateways = found(one.namespace, GATEWAY_MAC);
  for (const gateway of ['169.254.1.1', 'fe80::1']) assert.ok(gateways.includes(gateway), gateway);
  using network = Network.open(one.namespace);
  const { mac = '' } = network.links.get('eth0');
  const here = found(lab.host, mac);
  for (const address of [one.ipv4, one.ipv6]) assert.ok(here.includes(address), address);
});

test('an address that an endpoint believes to be on its link is at the gateway, too', {
  skip: needsRoot,
}, async () => {
  using lab = new DatapathLab();
  lab.open(IDENTITY);
  const [one, other] = [lab.endpoint(IDENTITY), lab.endpoint(IDENTITY)];
  await lab.serve(other.namespace, PORT);
  using network = Network.open(one.namespace);
  for (const destination of [`${other.ipv4}/32`, `${other.ipv6}/128`]) {
    network.routes.add({ destination, device: 'eth0' });
  }
  const questions = [other.ipv4, other.ipv6].map((address) => ({
    protocol: 'udp' as const,
    address,
    port: PORT,
  }));
  assert.deepEqual(await lab.ask(one.namespace, ...questions), ['answered', 'answered']);
  const there = found(one.namespace, GATEWAY_MAC);
  for (const address of [other.ipv4, other.ipv6]) assert.ok(there.includes(address), address);
});

test('an endpoint that asks whether its addresses are taken hears nothing', {
  skip: needsRoot,
}, async () => {
  using lab = new DatapathLab();
  const { namespace, ipv6 } = lab.endpoint(IDENTITY);
  namespace.run(() => {
    writeSysctl('net.ipv6.conf.eth0.accept_dad', 1);
    writeSysctl('net.ipv6.conf.eth0.dad_transmits', 1);
    writeSysctl('net.ipv6.neigh.eth0.retrans_time_ms', 200);
  });
  using network = Network.open(namespace);
  network.addresses.delete('eth0', `${ipv6}/128`);
  network.addresses.add('eth0', `${ipv6}/128`);
  const flags = (): string =>
    execFileSync('ip', ['-n', namespace.name ?? '', '-6', 'address', 'show', 'dev', 'eth0', 'to', ipv6], {
      encoding: 'utf8',
    });
  for (let turn = 0; turn < 60 && flags().includes('tentative'); turn++) await setTimeout(50);
  assert.match(flags(), new RegExp(ipv6));
  assert.doesNotMatch(flags(), /tentative|dadfailed/);
});

test('what is for the link alone is dropped quietly, what is wrong is not', {
  skip: needsRoot,
}, () => {
  using programs = new PacketLab();
  for (const [what, frame, expected] of [
    ['a router solicitation', icmp6(133, LINK_LOCAL), 'MulticastHandled'],
    ['a report of groups', icmp6(143, LINK_LOCAL), 'MulticastHandled'],
    ['IGMP', ipv4(2, 'e0000016'), 'IgmpHandled'],
    ['a datagram to a group', ipv4(17, 'e00000fb'), 'MulticastHandled'],
    ['a datagram to everybody', ipv4(17, 'ffffffff'), 'MulticastHandled'],
    ['who has my address?', arp(1, NOBODY, OWN), 'MulticastHandled'],
    ['I have my address', arp(1, OWN, OWN), 'MulticastHandled'],
    ['my address is here', arp(2, OWN, OTHER)],
    ['another address is here', arp(2, OTHER, OWN), 'MulticastHandled'],
    ['another address is here', arp(2, OTHER, OTHER), 'InvalidSource'],
    ['my IPv6 address is here', icmp6(136, OWN6, { target: OWN6 })],
    ['another IPv6 address is here', icmp6(136, OWN6, { target: OTHER6 }), 'InvalidSource'],
    ['a solicitation from afar', icmp6(135, OWN6, { target: OTHER6, hops: 254 }), 'ForbiddenIcmpv6'],
    ['a router', icmp6(134, LINK_LOCAL, { target: ALL }), 'ForbiddenIcmpv6'],
    ['a redirection', icmp6(137, LINK_LOCAL, { target: ALL }), 'ForbiddenIcmpv6'],
  ] as const) {
    const { verdict, reason } = programs.sends(Buffer.from(frame, 'hex'));
    assert.deepEqual({ verdict, reason }, { verdict: expected ? 'drop' : 'pass', reason: expected }, what);
  }
});

test('the host may ask an endpoint for its address, nobody else and nothing else', {
  skip: needsRoot,
}, () => {
  using programs = new PacketLab();
  for (const [what, frame, expected] of [
    ['a question', icmp6(135, LINK_LOCAL, { target: OWN6 })],
    ['a question from afar', icmp6(135, LINK_LOCAL, { target: OWN6, hops: 63 }), 'ForbiddenIcmpv6'],
    ['an answer', icmp6(136, OTHER6, { target: OTHER6 })],
    ['a router', icmp6(134, LINK_LOCAL, { target: ALL }), 'ForbiddenIcmpv6'],
    ['a router solicitation', icmp6(133, LINK_LOCAL), 'MulticastHandled'],
    ['a report of groups', icmp6(143, LINK_LOCAL), 'MulticastHandled'],
    ['a question by ARP', arp(1, OTHER, OWN)],
  ] as const) {
    const { verdict, reason } = programs.gets(Buffer.from(frame, 'hex'));
    assert.deepEqual({ verdict, reason }, { verdict: expected ? 'drop' : 'pass', reason: expected }, what);
  }
});

test('the answer to a solicitation is one, whatever options it had', { skip: needsRoot }, () => {
  using programs = new PacketLab();
  for (const options of ['', '0101020000000005', `0e01${'aa'.repeat(6)}0101020000000005`]) {
    const frame = icmp6(135, OWN6, { target: OTHER6 + options });
    const { verdict, data } = programs.sends(Buffer.from(frame, 'hex'));
    assert.equal(verdict, 'redirect');
    const answer = Buffer.from(data).toString('hex');
    const ethernet = `${hex(OWN_MAC)}${hex(GATEWAY_MAC)}86dd`;
    const ip = `60000000${'0020'}3aff${OTHER6}${OWN6}`;
    const body = `8800${answer.slice(112, 116)}e0000000${OTHER6}0201${hex(GATEWAY_MAC)}`;
    assert.equal(answer, ethernet + ip + body);
    assert.equal(onesSum(`${ip.slice(16)}000000200000003a${body}`), 0xffff, 'the checksum is right');
  }
});
