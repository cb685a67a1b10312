/** The agent on real workloads: endpoints come and go, policies are enforced, and a restart is no event. */
import assert from 'node:assert/strict';
import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Network, readSysctl } from '@waggle/kernel';
import { needsRoot } from '../packages/kernel/src/testing/lab.ts';

await import('@waggle/compiler/register');
const { cleanUp, parseAgentOptions } = await import('@waggle/agent');
const { Datapath } = await import('@waggle/datapath');
const { AgentLab, POLICY, PORT } = await import('./support/agent-lab.ts');
const { WORLD } = await import('./support/world.ts');

test('policies by label decide who may talk, and changes are in force at once', {
  skip: needsRoot,
}, async () => {
  await using lab = await AgentLab.start();
  const { frontend, batch, backend } = await lab.cast();
  assert.equal(frontend.state, 'ready');
  assert.notEqual(frontend.identity?.id, batch.identity?.id);
  const all = (from: typeof frontend) =>
    lab.talk.ask(
      from.netns,
      ...[backend.ipv4 ?? '', backend.ipv6 ?? ''].flatMap((address) => [
        { protocol: 'tcp' as const, address, port: PORT },
        { protocol: 'udp' as const, address, port: PORT },
      ]),
    );
  const [answered, silence] = [Array(4).fill('answered'), Array(4).fill('no answer')];
  assert.deepEqual(await all(frontend), answered, 'without rules everybody may talk');
  const applied = lab.agent.policies.apply(POLICY);
  assert.equal(applied.added, 1);
  assert.deepEqual(await all(frontend), answered);
  assert.deepEqual(await all(batch), silence);
  lab.agent.endpoints.changeLabels({ id: batch.id }, { add: ['app=frontend'], remove: [] });
  assert.deepEqual(await all(batch), answered, 'new labels, new identity');
  assert.equal(lab.agent.endpoints.get({ id: batch.id }).identity?.id, frontend.identity?.id);
  lab.agent.policies.delete([]);
  lab.agent.endpoints.changeLabels({ id: batch.id }, { add: ['app=batch'], remove: [] });
  assert.deepEqual(await all(batch), answered);
});

test('a restart of the agent takes everything over, and no packet is lost', { skip: needsRoot }, async () => {
  await using lab = await AgentLab.start();
  const { frontend, batch, backend } = await lab.cast();
  lab.agent.policies.apply(POLICY);
  const conversation = lab.talk.keepTalking(frontend.netns, backend.ipv4 ?? '', PORT);
  await setTimeout(500);
  await lab.stopAgent();
  await setTimeout(200);
  lab.startAgent();
  assert.deepEqual(
    lab.agent.endpoints.list().map(({ name, state, identity }) => [name, state, identity?.id]),
    [frontend, batch, backend].map(({ name, state, identity }) => [name, state, identity?.id]),
  );
  assert.equal(lab.agent.policies.list().rules.length, 1);
  await setTimeout(1000);
  const { tcp, udp, udpLost, silence, ended } = conversation.report;
  assert.ok(tcp > 50 && udp > 50, 'they talked');
  assert.deepEqual({ udpLost, ended }, { udpLost: 0, ended: false });
  assert.ok(silence < 1000, `TCP was silent for ${silence} ms`);
});

test('what an agent with other maps has pinned is replaced, and policies hold all the time', {
  skip: needsRoot,
}, async () => {
  await using lab = await AgentLab.start();
  const { frontend, batch, backend, question } = await lab.cast();
  lab.agent.policies.apply(POLICY);
  const conversation = lab.talk.keepTalking(frontend.netns, backend.ipv4 ?? '', PORT);
  await setTimeout(300);
  await lab.stopAgent();
  const maps = readdirSync(lab.pins).find((name) => name.startsWith('maps-'));
  renameSync(join(lab.pins, maps ?? ''), join(lab.pins, 'maps-000000000000'));
  lab.startAgent();
  assert.equal(lab.agent.datapath.adopted, false);
  assert.deepEqual(await lab.talk.ask(batch.netns, question), ['no answer']);
  assert.deepEqual(await lab.talk.ask(frontend.netns, question), ['answered']);
  await setTimeout(700);
  const { udpLost, ended } = conversation.report;
  assert.deepEqual({ udpLost, ended }, { udpLost: 0, ended: false });
});

test('the world is known by the CIDRs that rules name', { skip: needsRoot }, async () => {
  await using lab = await AgentLab.start();
  const client = await lab.endpoint('app=client');
  await lab.talk.serve(lab.world, PORT);
  const ask = () => lab.talk.ask(client.netns, { protocol: 'tcp', address: WORLD.ipv4, port: PORT });
  const policy = (cidr: string) => `
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: out }
spec: { endpointSelector: {}, egress: [{ toCIDR: [${cidr}] }] }
`;
  assert.deepEqual(await ask(), ['answered']);
  lab.agent.policies.apply(policy('203.0.113.0/24'));
  assert.deepEqual(await ask(), ['no answer']);
  lab.agent.policies.apply(policy('198.51.100.0/24'));
  assert.deepEqual(await ask(), ['answered']);
  await setTimeout(200);
  const cidrs = lab.agent.identities.cidrs();
  assert.deepEqual([...cidrs.keys()], ['198.51.100.0/24'], 'CIDRs that no rule names are forgotten');
});

test('cleaning up leaves the host as it was, and says what it did', { skip: needsRoot }, async () => {
  await using lab = await AgentLab.start();
  const sysctl = 'net/ipv6/conf/all/forwarding';
  await lab.endpoint('app=frontend');
  const options = parseAgentOptions(lab.options);
  await assert.rejects(cleanUp(options), /another agent runs/);
  await lab.stopAgent();
  const planned = await cleanUp(options, { dryRun: true });
  assert.deepEqual([...new Set(planned.map(({ what }) => what))].sort(), [
    'device',
    'kernel parameter',
    'program or map',
  ]);
  assert.equal(
    lab.host.run(() => readSysctl(sysctl)),
    '1',
  );
  const removed = await cleanUp(options, { state: true });
  assert.equal(removed.length, planned.length + 1, 'and the state');
  assert.equal(
    lab.host.run(() => readSysctl(sysctl)),
    '0',
  );
  using network = Network.open(lab.host);
  assert.deepEqual(
    network.links.list().map(({ name }) => name),
    ['lo', 'uplink'],
  );
  assert.deepEqual(Datapath.list(lab.pins), []);
  assert.deepEqual(await cleanUp(options), [], 'again is harmless');
});
