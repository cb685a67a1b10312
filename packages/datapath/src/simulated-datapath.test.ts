/** The programs in the interpreter: what they let pass, hand over, drop and count, without a kernel and without privileges. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TcpFlag } from '@waggle/bpf';
import { GATEWAY_MAC } from './gateway.ts';
import { Reason } from './reasons.ts';

await import('@waggle/compiler/register');
const { SimulatedDatapath } = await import('./simulated-datapath.ts');
const { EventType } = await import('./event.bpf.ts');
const { checksumOf, tcpFrame } = await import('./tcp-frame.ts');

const { Syn, Ack } = TcpFlag;
const client = { device: 11, identity: 300, mac: '02:00:00:00:00:01', ipv4: '10.0.0.1' };
const server = { device: 12, identity: 301, mac: '02:00:00:00:00:02', ipv4: '10.0.0.2' };
const ANY = { identity: 0, protocol: 0, port: 0, portPrefix: 0, action: 'allow', audit: false } as const;
const all = [
  { ...ANY, direction: 'egress' as const },
  { ...ANY, direction: 'ingress' as const },
];
const web = [{ ...ANY, direction: 'ingress' as const, identity: 300, protocol: 6, port: 80, portPrefix: 16 }];
const toCookie = () => ({ cookie: 7 });

function hosts() {
  const datapath = new SimulatedDatapath();
  for (const { device, ...spec } of [client, server]) {
    datapath.addEndpoint({ ...spec, interface: device });
    datapath.setPolicy(spec.identity, all, toCookie);
  }
  return datapath;
}

const ends = (port = 80) => ({
  there: [
    { ...client, port: 40_000 },
    { mac: GATEWAY_MAC, ipv4: server.ipv4, port },
  ] as const,
  back: [
    { ...server, port },
    { mac: GATEWAY_MAC, ipv4: client.ipv4, port: 40_000 },
  ] as const,
});

test('a packet from one endpoint to another is handed over, and so is the answer', () => {
  const datapath = hosts();
  const { there, back } = ends();
  const request = datapath.fromEndpoint(client.device, tcpFrame(...there, { flags: Syn }));
  assert.equal(request.verdict, 'redirected');
  assert.equal(request.device, server.device);
  assert.equal(checksumOf(request.packet.subarray(14, 34)), 0, 'one hop less, and the checksum is right');
  assert.deepEqual([...request.packet.subarray(0, 6)], [2, 0, 0, 0, 0, 2]);
  const answer = datapath.fromEndpoint(server.device, tcpFrame(...back, { flags: Syn | Ack }));
  assert.equal(answer.device, client.device);
  const state = () => [...datapath.connections()].map((each) => [each.state, each.sourceIdentity]);
  assert.deepEqual(state(), [['begun', client.identity]], 'an answer is not yet a connection');
  datapath.fromEndpoint(client.device, tcpFrame(...there, { flags: Ack }));
  assert.deepEqual(state(), [['established', client.identity]]);
});

test('policy decides by identity and port, and a change of it ends what it no longer allows', () => {
  const datapath = hosts();
  const begin = (port: number) =>
    datapath.fromEndpoint(client.device, tcpFrame(...ends(port).there, { flags: Syn })).verdict;
  datapath.setPolicy(server.identity, web, toCookie);
  assert.deepEqual(datapath.policyEntries(server.identity), [{ ...web[0], cookie: 7, proxyPort: 0 }]);
  assert.equal(datapath.policyEntries(999), null);
  assert.equal(begin(80), 'redirected');
  assert.equal(begin(81), 'dropped');
  const dropped = () => datapath.metrics().find(({ reason }) => reason === Reason.PolicyDenied)?.packets;
  assert.equal(dropped(), 1n);
  const drops = datapath.events().filter(({ type }) => type === EventType.Drop);
  assert.deepEqual(
    drops.map(({ subtype, source, destination }) => [subtype, source, destination]),
    [[Reason.PolicyDenied, client.identity, server.identity]],
  );
  assert.deepEqual(datapath.events(), [], 'told once');
  datapath.setPolicy(server.identity, [], toCookie);
  const data = tcpFrame(...ends(80).there, { flags: Ack, data: new Uint8Array(10) });
  assert.equal(datapath.fromEndpoint(client.device, data).verdict, 'dropped');
  assert.equal(dropped(), 2n);
});

test('what the host brings is decided, too, and who claims an address of another one is not heard', () => {
  const datapath = hosts();
  const outside = { mac: '02:00:00:00:00:09', ipv4: '198.51.100.2', port: 40_000 };
  const frame = tcpFrame(outside, { ...server, port: 80 }, { flags: Syn });
  assert.equal(datapath.toEndpoint(server.device, frame).verdict, 'passed');
  datapath.setPolicy(server.identity, web, toCookie);
  assert.equal(datapath.toEndpoint(server.device, frame).verdict, 'dropped');
  datapath.setPeer('198.51.100.0/24', client.identity);
  assert.equal(datapath.toEndpoint(server.device, frame).verdict, 'passed');
  datapath.setPeer('198.51.100.2/32', 999);
  assert.equal(datapath.toEndpoint(server.device, frame).verdict, 'dropped', 'an address says more');
  datapath.setPeer('198.51.100.3/32', client.identity);
  datapath.setPeer('198.51.100.0/24', 999);
  const neighbour = tcpFrame({ ...outside, ipv4: '198.51.100.3' }, { ...server, port: 80 }, { flags: Syn });
  assert.equal(datapath.toEndpoint(server.device, neighbour).verdict, 'passed');
  assert.equal(datapath.fromEndpoint(client.device, frame).verdict, 'dropped');
  assert.equal(datapath.metrics().find(({ reason }) => reason === Reason.InvalidSource)?.packets, 1n);
});
