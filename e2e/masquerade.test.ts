/** Masquerading on real packets: the world sees the host's addresses only, and everybody gets his own answers. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { Link, Network, type NetworkNamespace, writeSysctl } from '@waggle/kernel';
import { needsRoot } from '../packages/kernel/src/testing/lab.ts';
import type { Question } from './support/talk.ts';

await import('@waggle/compiler/register');
const { Reason } = await import('@waggle/datapath');
const { DatapathLab } = await import('./support/datapath-lab.ts');

type Lab = InstanceType<typeof DatapathLab>;
const IDENTITY = 300;
const PORT = 8080;
const CLOSED = 9;
const noPing = spawnSync('ping', ['-V']).error ? 'ping is not installed' : false;

/** A lab whose endpoints may do everything. */
function openLab(): Lab {
  const lab = new DatapathLab();
  lab.open(IDENTITY);
  return lab;
}

/** The same question by both protocols to several addresses. */
const everyWay = (addresses: readonly string[], more: Partial<Question> = {}): Question[] =>
  addresses.flatMap((address) => [
    { protocol: 'tcp', address, port: PORT, ...more },
    { protocol: 'udp', address, port: PORT, ...more },
  ]);

const addressesOf = (peers: readonly string[]): string[] =>
  [...new Set(peers.map((peer) => peer.split(' ')[0] ?? ''))].sort();

function ping(from: NetworkNamespace, ...args: readonly string[]) {
  const all = ['netns', 'exec', from.name ?? '', 'ping', '-c', '1', '-W', '2', ...args];
  return spawnSync('ip', all, { encoding: 'utf8' });
}

test('the world sees the addresses of the host', { skip: needsRoot }, async () => {
  using lab = openLab();
  const endpoint = lab.endpoint(IDENTITY);
  lab.uplink();
  const world = Object.values(lab.worldAddress);
  const peers = await lab.serve(lab.world, PORT);
  const questions = [
    ...everyWay(world),
    { protocol: 'udp' as const, address: lab.worldAddress.ipv4, port: PORT, bytes: 5000 },
  ];
  assert.deepEqual(await lab.ask(endpoint.namespace, ...questions), Array(5).fill('answered'));
  assert.deepEqual(addressesOf(peers), Object.values(lab.hostAddress).sort());
  const refused = [lab.hostAddress.ipv4, ...world].map((address) => ({
    protocol: 'udp' as const,
    address,
    port: CLOSED,
  }));
  assert.deepEqual(await lab.ask(endpoint.namespace, ...refused), Array(3).fill('refused'), 'told by ICMP');
  assert.equal(lab.datapath.traffic(Reason.NoTranslation, 'Away').packets, 0n);
  const [first] = [...lab.datapath.translations()].filter(
    ({ destinationPort }) => destinationPort === CLOSED,
  );
  assert.equal(first?.source, endpoint[first?.translated === lab.hostAddress.ipv4 ? 'ipv4' : 'ipv6']);
  const before = [...lab.datapath.translations()].length;
  lab.datapath.collect();
  assert.equal([...lab.datapath.translations()].length, before, 'as long as they may be in use');
});

test('connections of two endpoints from the same ports to one server stay apart', {
  skip: needsRoot,
}, async () => {
  using lab = openLab();
  const endpoints = [lab.endpoint(IDENTITY), lab.endpoint(IDENTITY)];
  lab.uplink();
  const peers = await lab.serve(lab.world, PORT);
  const questions = Array.from({ length: 150 }, (_, index) => ({
    protocol: index % 2 === 0 ? ('tcp' as const) : ('udp' as const),
    address: lab.worldAddress[index % 4 < 2 ? 'ipv4' : 'ipv6'],
    port: PORT,
    localPort: 20_000 + index,
    // So many at once take a while on a machine that is busy.
    patience: 10_000,
  }));
  const outcomes = await Promise.all(endpoints.map(({ namespace }) => lab.ask(namespace, ...questions)));
  assert.deepEqual(outcomes.flat(), Array(300).fill('answered'));
  assert.equal(new Set(peers).size, 300, 'each has a port of its own');
  const kept = peers.filter((peer) => Number(peer.split(' ')[1]) - 20_000 < 150);
  assert.ok(kept.length >= 150, 'who comes first keeps the port');
});

test('what the world began, and what is excepted, is left as it is', { skip: needsRoot }, async () => {
  using lab = openLab();
  const endpoint = lab.endpoint(IDENTITY);
  lab.uplink();
  await lab.serve(endpoint.namespace, PORT);
  const own = [endpoint.ipv4, endpoint.ipv6];
  assert.deepEqual(await lab.ask(lab.world, ...everyWay(own)), Array(4).fill('answered'));
  const peers = await lab.serve(lab.world, PORT);
  lab.uplink({
    masquerade: { sources: ['0.0.0.0/0', '::/0'], except: ['198.51.0.0/16', '2001:db8:ffff::/48'] },
  });
  const world = Object.values(lab.worldAddress);
  assert.deepEqual(await lab.ask(endpoint.namespace, ...everyWay(world)), Array(4).fill('answered'));
  assert.deepEqual(addressesOf(peers), own.sort());
});

test('pings come back, and so do errors about them from further away', { skip: needsRoot || noPing }, () => {
  using lab = openLab();
  const endpoint = lab.endpoint(IDENTITY);
  lab.uplink();
  const { ipv4, ipv6 } = lab.worldAddress;
  for (const from of [endpoint.namespace, lab.host]) {
    assert.deepEqual([ping(from, ipv4).status, ping(from, ipv6).status], [0, 0]);
  }
  using network = Network.open(lab.host);
  using beyond = Network.open(lab.world);
  beyond.links.create({ kind: 'veth', name: 'beyond', up: true, peer: { name: 'nobody' } });
  beyond.links.set('nobody', { up: true });
  for (const [destination, via] of [
    ['203.0.113.0/24', ipv4],
    ['2001:db8:2::/64', ipv6],
  ] as const) {
    network.routes.add({ destination, via });
    beyond.routes.add({ destination, device: 'beyond' });
  }
  lab.world.run(() => {
    writeSysctl('net.ipv4.ip_forward', 1);
    writeSysctl('net.ipv6.conf.all.forwarding', 1);
  });
  for (const [hop, addresses] of [lab.hostAddress, lab.worldAddress].entries()) {
    for (const [far, address] of [
      ['203.0.113.9', addresses.ipv4],
      ['2001:db8:2::9', addresses.ipv6],
    ] as const) {
      const { stdout } = ping(endpoint.namespace, '-n', '-t', String(hop + 1), far);
      assert.match(stdout, new RegExp(`From ${address}.*(Time to live|Hop limit)`, 'i'), `hop ${hop + 1}`);
    }
  }
});

test('another address of the device is used from then on; without its programs there is none', {
  skip: needsRoot,
}, async () => {
  using lab = openLab();
  const endpoint = lab.endpoint(IDENTITY);
  const device = lab.uplink();
  const peers = await lab.serve(lab.world, PORT);
  const ask = () =>
    lab.ask(endpoint.namespace, {
      protocol: 'udp',
      address: lab.worldAddress.ipv4,
      port: PORT,
      localPort: 20_000,
    });
  await ask();
  using host = Network.open(lab.host);
  host.addresses.add('uplink', '198.51.100.77/24');
  lab.host.run(() => {
    lab.datapath.updateDevice(device, { ipv4: '198.51.100.77' });
  });
  assert.deepEqual(await ask(), ['answered']);
  assert.deepEqual(peers, [`${lab.hostAddress.ipv4} 20000 udp`, '198.51.100.77 20000 udp']);
  assert.deepEqual(
    lab.datapath.devices().map(({ spec }) => spec?.ipv4),
    ['198.51.100.77'],
  );
  assert.ok([...lab.datapath.peers()].some(({ prefix }) => prefix === '198.51.100.77/32'));
  lab.datapath.removeDevice(device);
  await ask();
  assert.equal(peers.at(-1), `${endpoint.ipv4} 20000 udp`);
  assert.deepEqual(lab.datapath.devices(), []);
  assert.ok(![...lab.datapath.peers()].some(({ prefix }) => prefix === '198.51.100.77/32'));
  const atUplink = Link.list().filter(
    ({ target }) => target.kind === 'device' && target.interfaceIndex === device,
  );
  assert.equal(atUplink.length, 0);
});
