/** `--publish`: ports of the host lead to an endpoint, whose policy decides about who connects to them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { waggle } from '../packages/cli/src/testing/capture.ts';
import { needsRoot } from '../packages/kernel/src/testing/lab.ts';
import { startProcess } from './support/start-process.ts';
import type { Question } from './support/talk.ts';
import { UPLINK, WORLD } from './support/world.ts';

await import('@waggle/compiler/register');
const { AgentLab } = await import('./support/agent-lab.ts');

const HOST_PORT = 8080;
const PORT = 80;
const DEVICE = { device: ['uplink'], yes: true };
const BOTH = (['TCP', 'UDP'] as const).map((protocol) => ({ protocol, hostPort: HOST_PORT, port: PORT }));

/** Lets somebody in, at the endpoint's own port. */
const policyFor = (...prefixes: readonly string[]): string => `
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: web }
spec:
  endpointSelector: { matchLabels: { app: web } }
  ingress:
    - fromCIDR: [${prefixes.map((prefix) => `"${prefix}"`).join(', ')}]
      toPorts: [{ ports: [{ port: "${PORT}", protocol: ANY }] }]
`;
const WORLD_ONLY = policyFor(`${WORLD.ipv4}/32`, `${WORLD.ipv6}/128`);

/** By both protocols to both addresses of the host. */
const QUESTIONS = Object.values(UPLINK).flatMap((address): Question[] =>
  (['tcp', 'udp'] as const).map((protocol) => ({ protocol, address, port: HOST_PORT })),
);

test('who may connect is said by the policy of the endpoint, about the client itself', {
  skip: needsRoot,
}, async () => {
  await using lab = await AgentLab.start(DEVICE);
  const netns = lab.namespace();
  const place = { path: `/run/netns/${netns.name}` };
  const before = lab.agent.datapath.metrics().find(({ reason }) => reason === 133)?.packets ?? 0n;
  await lab.agent.endpoints.create({ labels: ['app=web'], namespace: place, published: BOTH });
  const peers = await lab.talk.serve(netns, PORT);
  lab.agent.policies.apply(policyFor('203.0.113.0/24', '2001:db8:2::/64'));
  assert.deepEqual(await lab.talk.ask(lab.world, ...QUESTIONS), Array(4).fill('no answer'));
  const dropped = lab.agent.datapath.metrics().find(({ reason }) => reason === 133)?.packets ?? 0n;
  assert.ok(dropped > before, 'by policy');
  lab.agent.policies.apply(WORLD_ONLY);
  assert.deepEqual(await lab.talk.ask(lab.world, ...QUESTIONS), Array(4).fill('answered'));
  const clients = new Set(peers.map((peer) => peer.split(' ')[0]));
  assert.deepEqual([...clients].sort(), Object.values(WORLD).sort());
});

test('what is published outlives a kill and a restart, and goes with its endpoint', {
  skip: needsRoot,
}, async () => {
  await using lab = await AgentLab.start(DEVICE);
  await lab.stopAgent();
  let child = await startProcess(lab.options);
  try {
    const netns = lab.namespace();
    const socket = ['--socket', join(lab.directory, 'run/agent.sock')];
    const publish = ['tcp', 'udp'].flatMap((protocol) => ['--publish', `${HOST_PORT}:${PORT}/${protocol}`]);
    const attach = ['endpoint', 'attach', '--netns', netns.name ?? '', '--name', 'web', '-l', 'app=web'];
    const attached = await waggle(...attach, ...publish, ...socket);
    assert.equal(attached.status, 0, attached.stderr);
    const shown = await waggle('endpoint', 'get', 'web', ...socket);
    assert.match(shown.stdout, /published\s+8080 -> 80\/TCP, 8080 -> 80\/UDP/);
    const listed = await waggle('bpf', 'published', 'list', ...socket);
    assert.match(listed.stdout, /tcp\s+198\.51\.100\.1:8080\s+10\.92\.\d+\.\d+:80/);
    await lab.talk.serve(netns, PORT);
    const conversations = Object.values(UPLINK).map((address) =>
      lab.talk.keepTalking(lab.world, address, HOST_PORT),
    );
    await setTimeout(500);
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.deepEqual(await lab.talk.ask(lab.world, ...QUESTIONS), Array(4).fill('answered'), 'without agent');
    child = await startProcess(lab.options);
    assert.deepEqual(await lab.talk.ask(lab.world, ...QUESTIONS), Array(4).fill('answered'), 'restarted');
    await setTimeout(500);
    for (const { report } of conversations) {
      assert.ok(report.tcp > 50 && report.udp > 50, 'they talked');
      assert.deepEqual([report.udpLost, report.ended], [0, false]);
    }
    assert.equal((await waggle('endpoint', 'detach', 'web', ...socket)).status, 0);
    const after = await waggle('bpf', 'published', 'list', ...socket);
    assert.equal(after.stdout, 'no entries\n');
  } finally {
    child.kill('SIGKILL');
  }
});

test('what cannot be published is refused, and nothing is left of it', { skip: needsRoot }, async () => {
  await using lab = await AgentLab.start(DEVICE);
  const newPlace = () => ({ path: `/run/netns/${lab.namespace().name}` });
  const [place, first, second] = [newPlace(), newPlace(), newPlace()];
  await lab.agent.endpoints.create({ name: 'web', labels: ['app=web'], namespace: first, published: BOTH });
  const server: Server = lab.host.run(() => createServer().listen(8081));
  await once(server, 'listening');
  try {
    const before = await lab.restingCounts();
    const tcp = { protocol: 'TCP', hostPort: HOST_PORT, port: PORT } as const;
    for (const [published, message] of [
      [[tcp], /^8080\/tcp is published by the endpoint web already/],
      [[{ ...tcp, address: UPLINK.ipv4 }], /^198\.51\.100\.1:8080\/tcp is published by the endpoint web/],
      [
        [
          { ...tcp, hostPort: 1 },
          { ...tcp, hostPort: 1 },
        ],
        /^1\/tcp would be published twice/,
      ],
      [[{ ...tcp, hostPort: 1, address: '203.0.113.1' }], /^No device of the agent has the address 203/],
      [[{ ...tcp, hostPort: 8081 }], /8081\/tcp cannot be published: a program of the host serves there/],
      [[{ ...tcp, hostPort: 40_000 }], /40000\/tcp cannot be published: the host gives its own sockets/],
    ] as const) {
      const request = { labels: ['app=other'], namespace: place, published };
      await assert.rejects(lab.agent.endpoints.create(request), { message });
    }
    const race = await Promise.allSettled(
      [place, second].map((namespace) =>
        lab.agent.endpoints.create({
          labels: ['app=race'],
          namespace,
          published: [{ ...tcp, hostPort: 8082 }],
        }),
      ),
    );
    const [loser, ...others] = race.filter(({ status }) => status === 'rejected');
    assert.match(
      String(loser && 'reason' in loser && loser.reason),
      /8082\/tcp is published by the endpoint/,
    );
    assert.equal(others.length, 0);
    const winner = lab.agent.endpoints.list().find(({ published }) => published[0]?.hostPort === 8082);
    lab.agent.endpoints.remove({ id: winner?.id ?? 0 });
    await lab.settle(before);
    assert.deepEqual(lab.counts(), before);
    assert.equal([...lab.agent.datapath.published()].length, 4, 'those of the first one');
  } finally {
    server.close();
  }
});

test('without a device nothing can be published', { skip: needsRoot }, async () => {
  await using lab = await AgentLab.start();
  const namespace = { path: `/run/netns/${lab.namespace().name}` };
  await assert.rejects(
    lab.agent.endpoints.create({ labels: [], namespace, published: BOTH }),
    /There is no device at which ports could be published\. Start the agent with --device NAME/,
  );
  assert.equal(lab.agent.endpoints.list().length, 0);
});
