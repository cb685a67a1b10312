/** What happens when things go wrong: the agent is killed, its state is damaged, namespaces vanish, and many come at once. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { AgentEvent } from '@waggle/agent';
import { Network, NetworkNamespace } from '@waggle/kernel';
import { needsRoot } from '../packages/kernel/src/testing/lab.ts';
import { startProcess } from './support/start-process.ts';

await import('@waggle/compiler/register');
const { AgentClient } = await import('@waggle/agent/client');
const { UNFINISHED } = await import('../packages/agent/src/workload/index.ts');
const { AgentLab, POLICY, PORT } = await import('./support/agent-lab.ts');

const MANY = 200;

test('the agent is killed: no packet is lost, policy holds, new connections are decided', {
  skip: needsRoot,
}, async () => {
  await using lab = await AgentLab.start();
  const { frontend, batch, backend, question } = await lab.cast();
  lab.agent.policies.apply(POLICY);
  await lab.stopAgent();
  const child = await startProcess(lab.options);
  try {
    const socket = join(lab.directory, 'run/agent.sock');
    const endpoints = await new AgentClient({ socket }).endpoints();
    assert.equal(endpoints.length, 3, 'the process has taken over');
    const conversation = lab.talk.keepTalking(frontend.netns, backend.ipv4 ?? '', PORT);
    await setTimeout(500);
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.deepEqual(await lab.talk.ask(frontend.netns, question), ['answered'], 'new ones are decided');
    assert.deepEqual(await lab.talk.ask(batch.netns, question), ['no answer'], 'by the policy');
    lab.startAgent();
    assert.equal(
      lab.agent.endpoints.list().every(({ state }) => state === 'ready'),
      true,
    );
    assert.deepEqual(await lab.talk.ask(batch.netns, question), ['no answer']);
    await setTimeout(700);
    const { tcp, udp, udpLost, ended } = conversation.report;
    assert.ok(tcp > 50 && udp > 50, 'they talked');
    assert.deepEqual({ udpLost, ended }, { udpLost: 0, ended: false });
  } finally {
    child.kill('SIGKILL');
  }
});

test('what it has answered holds when it is killed', { skip: needsRoot }, async () => {
  await using lab = await AgentLab.start();
  await lab.stopAgent();
  const child = await startProcess(lab.options);
  using namespace = NetworkNamespace.createAnonymous();
  try {
    const client = new AgentClient({ socket: join(lab.directory, 'run/agent.sock') });
    const { id } = await client.createEndpoint({
      labels: ['app=short'],
      netns: `/proc/${process.pid}/fd/${namespace.fd}`,
    });
    await client.applyPolicies(POLICY);
    child.kill('SIGKILL');
    await once(child, 'exit');
    lab.startAgent();
    assert.deepEqual(
      lab.agent.endpoints.list().map((endpoint) => [endpoint.id, endpoint.state]),
      [[id, 'ready']],
    );
    assert.equal(lab.agent.policies.list().rules.length, 1);
  } finally {
    child.kill('SIGKILL');
  }
});

test('an endpoint whose making was cut off by the end of the agent is finished by the next', {
  skip: needsRoot,
}, async () => {
  await using lab = await AgentLab.start();
  const { id, ipv4 = '', ipv6 = '' } = await lab.endpoint('app=first');
  await lab.stopAgent();
  using network = Network.open(lab.host);
  const { index } = network.links.get(`lxc${id}`);
  // It was saved and its programs are there, but not the way to it: what the process was killed before.
  network.links.set(index, { group: UNFINISHED, up: false });
  lab.startAgent();
  const { up, group } = network.links.get(index);
  assert.deepEqual([up, group], [true, 0]);
  assert.equal(network.routes.get(ipv4).interfaceIndex, index);
  assert.equal(network.routes.get(ipv6).interfaceIndex, index);
});

test('many endpoints come and go at once, and nothing is left', { skip: needsRoot }, async () => {
  await using lab = await AgentLab.start();
  const first = await lab.endpoint('app=first');
  lab.agent.endpoints.remove({ id: first.id });
  await setTimeout(500);
  const before = lab.counts();
  const crowd = await lab.crowd(MANY);
  assert.equal(new Set(crowd.map(({ ipv4 }) => ipv4)).size, MANY, 'each has an address of its own');
  assert.equal(new Set(crowd.map(({ identity }) => identity?.id)).size, 10, 'equal labels, equal identity');
  lab.disperse(crowd);
  await lab.settle(before);
  assert.deepEqual(lab.counts(), before);
});

test('an endpoint that is being made lets nothing pass, and cannot be removed', {
  skip: needsRoot,
}, async () => {
  await using lab = await AgentLab.start();
  using namespace = NetworkNamespace.createAnonymous();
  const path = `/proc/${process.pid}/fd/${namespace.fd}`;
  const { endpoints, host } = lab.agent;
  using network = Network.open(host.namespace);
  const made = endpoints.create({ labels: ['app=short'], namespace: { path } });
  const [early] = endpoints.list();
  assert.equal(early?.state, 'regenerating');
  assert.equal(network.links.get(`lxc${early?.id}`).up, false);
  assert.throws(() => endpoints.remove({ id: early?.id ?? 0 }), { code: 'BUSY' });
  const { id, state } = await made;
  assert.deepEqual([id, state], [early?.id, 'ready']);
  assert.equal(network.links.get(`lxc${id}`).up, true);
  endpoints.remove({ id });
});

test('an endpoint whose namespace vanishes while it is made is not made', { skip: needsRoot }, async () => {
  await using lab = await AgentLab.start();
  const { endpoints } = lab.agent;
  // With the first one the programs come, which stay.
  endpoints.remove({ id: (await lab.endpoint('app=first')).id });
  await setTimeout(500);
  const before = lab.counts();
  const namespace = NetworkNamespace.createAnonymous();
  const path = `/proc/${process.pid}/fd/${namespace.fd}`;
  const made = endpoints.create({ labels: ['app=short'], namespace: { path } });
  {
    // With its namespace goes its device, and with that the pair.
    using network = Network.open(lab.agent.host.namespace);
    network.links.delete(`lxc${endpoints.list()[0]?.id}`);
  }
  await assert.rejects(made, { code: 'NOT_FOUND' });
  namespace.close();
  await lab.settle(before);
  assert.deepEqual([endpoints.list(), lab.counts()], [[], before]);
});

test('an endpoint whose namespace vanishes is removed', { skip: needsRoot }, async () => {
  await using lab = await AgentLab.start();
  using namespace = NetworkNamespace.createAnonymous();
  const path = `/proc/${process.pid}/fd/${namespace.fd}`;
  const { id } = await lab.agent.endpoints.create({ labels: ['app=short'], namespace: { path } });
  assert.equal(lab.agent.endpoints.list().length, 1);
  namespace.close();
  for (let turn = 0; turn < 50 && lab.agent.endpoints.list().length > 0; turn++) await setTimeout(100);
  assert.deepEqual(lab.agent.endpoints.list(), []);
  assert.deepEqual(lab.agent.addresses.list(), [], `the addresses of endpoint ${id} are back`);
});

test('a second agent refuses to start, and the first one goes on', { skip: needsRoot }, async () => {
  await using lab = await AgentLab.start();
  const { agent } = lab;
  assert.throws(() => lab.startAgent(), /another agent runs \(pid \d+\)/);
  assert.throws(() => lab.startAgent({ 'state-dir': join(lab.directory, 'other') }), {
    code: 'BUSY',
  });
  assert.equal(lab.agent, agent);
  assert.equal((await lab.endpoint('app=web')).state, 'ready');
});

test('damaged state stops the start, and nothing else', { skip: needsRoot }, async () => {
  await using lab = await AgentLab.start();
  const { frontend, question } = await lab.cast();
  lab.agent.policies.apply(POLICY);
  await lab.stopAgent();
  const file = join(lab.directory, 'state/policies.json');
  assert.ok(existsSync(file));
  writeFileSync(file, '{ "version": 1, "content": [ { "text": 7 } ] }');
  assert.throws(
    () => lab.startAgent(),
    /policies\.json is damaged: content\[0\]\.text.*--discard-state policies/,
  );
  assert.deepEqual(await lab.talk.ask(frontend.netns, question), ['answered'], 'traffic goes on');
  lab.startAgent({ 'discard-state': ['policies'] });
  assert.equal(lab.agent.policies.list().rules.length, 0);
  assert.equal(lab.agent.endpoints.list().length, 3);
});

test('of a start that fails nothing goes on', { skip: needsRoot }, async () => {
  await using lab = await AgentLab.start();
  await lab.stopAgent();
  const directory = join(lab.directory, 'policies');
  mkdirSync(directory);
  const told: string[] = [];
  const fail = ({ event }: AgentEvent): void => {
    told.push(event);
    throw new Error('not today');
  };
  assert.throws(() => lab.startAgent({ 'policy-dir': directory }, { onEvent: fail }), /not today/);
  writeFileSync(join(directory, 'backend.yaml'), POLICY);
  await setTimeout(300);
  assert.deepEqual(told, ['started'], 'nobody watches the directory any more');
  lab.startAgent({ 'policy-dir': directory });
  assert.equal(lab.agent.policies.list().rules.length, 1, 'and what it held is free');
});
