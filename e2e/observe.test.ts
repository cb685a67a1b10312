/** `waggle observe` at a running agent: flows of real packets, by name, with the rules that decided and where they were written. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { StockClient } from '../packages/flows/src/hubble/testing/stock-client.ts';
import { needsRoot } from '../packages/kernel/src/testing/lab.ts';
import { backendPolicy } from './support/backend-policy.ts';

await import('@waggle/compiler/register');
const { parseAgentOptions, startAgent } = await import('@waggle/agent');
const { waggle } = await import('../packages/cli/src/testing/capture.ts');
const { AgentLab } = await import('./support/agent-lab.ts');

const PORT = 8080;

/** Asks until the answer is as wanted; flows take a moment from the kernel. */
async function until(ask: () => Promise<string>, isIt: (text: string) => boolean): Promise<string> {
  for (let tries = 0; ; tries++) {
    const text = await ask();
    if (isIt(text)) return text;
    assert.ok(tries < 50, `never came: ${text}`);
    await setTimeout(50);
  }
}

test('flows are shown by name, with the rule that decided', { skip: needsRoot }, async () => {
  await using lab = await AgentLab.start();
  await lab.stopAgent();
  await using running = await startAgent(
    parseAgentOptions({ ...lab.options, 'hubble-listen': '127.0.0.1:0' }),
  );
  const { agent, socket } = running;
  const hubble = join(dirname(socket), 'hubble.sock');
  assert.equal(statSync(hubble).mode & 0o777, 0o660);
  const create = async (name: string) => {
    const netns = lab.namespace();
    const namespace = { path: `/run/netns/${netns.name}` };
    return { ...(await agent.endpoints.create({ name, labels: [`app=${name}`], namespace })), netns };
  };
  const [frontend, batch, backend] = [
    await create('frontend'),
    await create('batch'),
    await create('backend'),
  ];
  agent.policies.apply(backendPolicy(PORT), { file: 'policies/backend.yaml' });
  await lab.talk.serve(backend.netns, PORT);
  const question = { protocol: 'udp' as const, address: backend.ipv4 ?? '', port: PORT };
  await lab.talk.ask(frontend.netns, question);
  await lab.talk.ask(batch.netns, question);

  const observe = async (...args: string[]): Promise<string> => {
    const { stdout, stderr, status } = await waggle('observe', '--server', `unix:${hubble}`, ...args);
    assert.deepEqual([stderr, status], ['', 0]);
    return stdout;
  };
  const verdicts = ['-t', 'policy-verdict', '--to-name', 'backend', '-4', '--to-port', String(PORT)];
  const text = await until(
    () => observe('--all', ...verdicts),
    (shown) => shown.split('\n').length >= 3,
  );
  assert.match(
    text,
    /default\/frontend:\d+ \(ID:\d+\) -> default\/backend:8080 \(ID:\d+\) policy-verdict:L3-L4 INGRESS ALLOWED \(UDP\) allowed by backend-api \(policies\/backend\.yaml:\d+\)\n/,
  );
  assert.match(
    text,
    /default\/batch:\d+ .* policy-verdict:none INGRESS DENIED \(UDP\) denied by default: no rule allows ingress from default\/batch on UDP port 8080\n/,
  );
  const dropped = await observe('--all', '--verdict', 'DROPPED', '-t', 'drop', '--from-name', 'batch', '-4');
  assert.match(dropped, / Policy denied DROPPED \(UDP\) denied by default: no rule allows /);
  assert.equal(
    await observe(
      '--all',
      '--from-name',
      'batch',
      '--traffic-direction',
      'ingress',
      '--verdict',
      'FORWARDED',
      ...verdicts,
    ),
    '',
  );

  const events = await observe('agent-events', '--all');
  assert.match(events, /^[^\n]*: AGENT_STARTED\n/);
  assert.match(events, /ENDPOINT_CREATED \(endpoint: \d+, name: (default\/)?frontend/);
  assert.match(events, /POLICY_UPDATED \(revision: \d+/);

  using stock = new StockClient(`unix:${hubble}`);
  const status = await stock.ask('observer.Observer', 'ServerStatus');
  assert.ok(Number(status.num_flows) > 4 && Number(status.max_flows) > 1000);
  const { nodes } = await stock.ask('observer.Observer', 'GetNodes');
  assert.match(nodes[0].address, /^127\.0\.0\.1:\d+$/);
  using remote = new StockClient(nodes[0].address);
  const [{ flow }] = await remote.all('observer.Observer', 'GetFlows', {
    number: 1,
    whitelist: [{ source_pod: ['default/batch'], event_type: [{ type: 1 }], ip_version: [1] }],
  });
  assert.equal(flow.drop_reason_desc, 'POLICY_DENIED');
  assert.equal(flow.event_type.sub_type, 133);
  // It is dropped where it is sent, and the receiver's policy refused it.
  assert.equal(flow.traffic_direction, 'INGRESS');
  assert.ok(flow.destination.labels.includes('k8s:app=backend'));

  const follow = waggle(
    'observe',
    '--server',
    `unix:${hubble}`,
    '-f',
    '--from-name',
    'frontend',
    '-t',
    'policy-verdict',
  );
  await setTimeout(500);
  await lab.talk.ask(frontend.netns, question);
  await setTimeout(300);
  await running.stop();
  assert.match((await follow).stdout, /default\/frontend:\d+ .* ALLOWED \(UDP\) allowed by backend-api/);
});
