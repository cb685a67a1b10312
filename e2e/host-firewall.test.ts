/** The firewall of the host on real packets: what the host itself sends and gets is decided by its policy. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Network, type NetworkNamespace } from '@waggle/kernel';
import { PolicyRepository, parseLabel, parsePolicies } from '@waggle/policy';
import { needsRoot } from '../packages/kernel/src/testing/lab.ts';
import type { Question } from './support/talk.ts';

await import('@waggle/compiler/register');
const { Reason } = await import('@waggle/datapath');
const { DatapathLab } = await import('./support/datapath-lab.ts');

type Lab = InstanceType<typeof DatapathLab>;
const IDENTITY = 300;
const HOST = 1;
const PORT = 8080;
const OTHER = 8081;
const noPing = spawnSync('ping', ['-V']).error ? 'ping is not installed' : false;

/** What comes to the host, what it sends, and what its endpoints may ask it. */
const INGRESS = `
- nodeSelector: {}
  ingress:
    - fromEntities: [world]
      toPorts: [{ ports: [{ port: "${PORT}", protocol: ANY }] }]
`;
const EGRESS = `
- nodeSelector: {}
  egress:
    - toEntities: [world]
      toPorts: [{ ports: [{ port: "${PORT}", protocol: ANY }] }]
`;
const ECHO = `
- nodeSelector: {}
  ingress:
    - fromEntities: [world]
      icmps: [{ fields: [{ type: 8, family: IPv4 }, { type: 128, family: IPv6 }] }]
`;

/** Puts rules in force, for the host and for endpoints. */
function enforce(lab: Lab, text: string): void {
  const repository = new PolicyRepository();
  repository.setIdentity({ id: IDENTITY, labels: [parseLabel('k8s:app=web')] });
  repository.setIdentity({ id: HOST, labels: [parseLabel('reserved:host')] });
  repository.setIdentity({ id: 9, labels: [parseLabel('reserved:world-ipv4')] });
  repository.setIdentity({ id: 10, labels: [parseLabel('reserved:world-ipv6')] });
  repository.add(parsePolicies(text).rules);
  for (const identity of [IDENTITY, HOST]) {
    const { entries } = repository.resolve(identity);
    lab.datapath.setPolicy(identity, entries, ({ cookies }) => ({ cookie: cookies[0] ?? 0 }));
  }
}

const questions = (addresses: Readonly<Record<string, string>>, port: number): Question[] =>
  Object.values(addresses).flatMap((address) => [
    { protocol: 'tcp', address, port },
    { protocol: 'udp', address, port },
  ]);

const pings = (from: NetworkNamespace, address: string): boolean =>
  spawnSync('ip', ['netns', 'exec', from.name ?? '', 'ping', '-c', '1', '-W', '1', address]).status === 0;

const answered = Array(4).fill('answered');
const silence = Array(4).fill('no answer');

test('what comes to the host is decided by its policy; without one it is open', {
  skip: needsRoot,
}, async () => {
  using lab = new DatapathLab();
  lab.uplink({ hostFirewall: true });
  for (const port of [PORT, OTHER]) await lab.serve(lab.host, port);
  await lab.serve(lab.world, OTHER);
  const fromWorld = (port: number) => lab.ask(lab.world, ...questions(lab.hostAddress, port));
  assert.deepEqual(await fromWorld(OTHER), answered);
  enforce(lab, INGRESS);
  assert.deepEqual(await fromWorld(PORT), answered);
  assert.deepEqual(await fromWorld(OTHER), silence);
  assert.ok(lab.datapath.traffic(Reason.PolicyDenied, 'Endpoint').packets >= 4n);
  assert.deepEqual(
    await lab.ask(lab.host, ...questions(lab.worldAddress, OTHER)),
    answered,
    'the way out is free',
  );
});

test('what the host sends is decided by its policy', { skip: needsRoot }, async () => {
  using lab = new DatapathLab();
  lab.uplink({ hostFirewall: true });
  for (const port of [PORT, OTHER]) await lab.serve(lab.world, port);
  await lab.serve(lab.host, OTHER);
  enforce(lab, EGRESS);
  const toWorld = (port: number) => lab.ask(lab.host, ...questions(lab.worldAddress, port));
  assert.deepEqual(await toWorld(PORT), answered);
  assert.deepEqual(await toWorld(OTHER), silence);
  assert.deepEqual(await lab.ask(lab.world, ...questions(lab.hostAddress, OTHER)), answered, 'replies pass');
});

test('neighbours are found, whatever the policy says; pings are asked for', {
  skip: needsRoot || noPing,
}, async () => {
  using lab = new DatapathLab();
  lab.uplink({ hostFirewall: true });
  const { ipv4, ipv6 } = lab.hostAddress;
  enforce(lab, INGRESS + EGRESS);
  assert.deepEqual(
    [ipv4, ipv6].map((address) => pings(lab.world, address)),
    [false, false],
  );
  enforce(lab, INGRESS + EGRESS + ECHO);
  for (const [namespace, device] of [
    [lab.host, 'uplink'],
    [lab.world, 'eth0'],
  ] as const) {
    using network = Network.open(namespace);
    for (const { address } of network.neighbours.list({ device })) network.neighbours.delete(device, address);
  }
  assert.deepEqual(
    [ipv4, ipv6].map((address) => pings(lab.world, address)),
    [true, true],
  );
});

test('endpoints and the world meet as before; an endpoint that asks the host is asked for', {
  skip: needsRoot,
}, async () => {
  using lab = new DatapathLab();
  const endpoint = lab.endpoint(IDENTITY);
  lab.uplink({ hostFirewall: true });
  enforce(lab, INGRESS + EGRESS);
  await lab.serve(lab.world, OTHER);
  await lab.serve(endpoint.namespace, OTHER);
  for (const port of [PORT, OTHER]) await lab.serve(lab.host, port);
  const own = { ipv4: endpoint.ipv4, ipv6: endpoint.ipv6 };
  assert.deepEqual(await lab.ask(endpoint.namespace, ...questions(lab.worldAddress, OTHER)), answered);
  assert.deepEqual(await lab.ask(lab.world, ...questions(own, OTHER)), answered);
  assert.deepEqual(
    await lab.ask(endpoint.namespace, ...questions(lab.hostAddress, PORT)),
    silence,
    'no world',
  );
  assert.deepEqual(await lab.ask(lab.host, ...questions(own, OTHER)), silence, 'the host may not send there');
  enforce(lab, '[]');
  assert.deepEqual(await lab.ask(endpoint.namespace, ...questions(lab.hostAddress, PORT)), answered);
  assert.deepEqual(await lab.ask(lab.host, ...questions(own, OTHER)), answered);
});

test('connections that are there before go on as if they had been seen to begin', {
  skip: needsRoot,
}, async () => {
  using lab = new DatapathLab();
  for (const namespace of [lab.host, lab.world]) {
    for (const port of [PORT, OTHER]) await lab.serve(namespace, port);
  }
  const talks = [
    lab.talk(lab.host, lab.worldAddress.ipv4, OTHER),
    lab.talk(lab.world, lab.hostAddress.ipv6, PORT),
    lab.talk(lab.world, lab.hostAddress.ipv4, OTHER),
  ];
  const heard = async (): Promise<boolean[]> => {
    await setTimeout(200);
    const before = talks.map(({ answers }) => answers);
    await setTimeout(1000);
    return talks.map(({ answers }, index) => answers > (before[index] ?? 0));
  };
  for (let turn = 0; turn < 100 && !talks.every(({ answers }) => answers > 0); turn++) await setTimeout(50);
  assert.deepEqual(await heard(), [true, true, true]);
  enforce(lab, INGRESS);
  lab.uplink({ hostFirewall: true });
  assert.deepEqual(await heard(), [true, true, false], 'begun by the host; allowed; not allowed');
});
