/** `waggle monitor` at a running agent: what happens to real packets, with the names of who they are from and of the rules that decided. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { needsRoot } from '../packages/kernel/src/testing/lab.ts';

await import('@waggle/compiler/register');
const { parseAgentOptions, startAgent } = await import('@waggle/agent');
const { commandLine } = await import('../packages/cli/src/command-line.ts');
const { AgentLab } = await import('./support/agent-lab.ts');

const PORT = 8080;
const POLICY = `
- endpointSelector: { matchLabels: { app: backend } }
  labels: [{ key: name, value: backend-api }]
  ingress:
    - fromEndpoints: [{ matchLabels: { app: frontend } }]
      toPorts: [{ ports: [{ port: "${PORT}", protocol: ANY }] }]
  ingressDeny:
    - fromEndpoints: [{ matchLabels: { app: batch } }]
`;

/** Runs a command until it ends, with what it printed so far. */
function waggle(...args: string[]) {
  const printed = { text: '', ended: Promise.resolve() as Promise<unknown> };
  const stream = { write: (text: string) => (printed.text += text) };
  const context = { stdout: stream, stderr: stream, exitCode: 0, errorCode: 1 } as const;
  printed.ended = commandLine(context).parseAsync(args, { from: 'user' });
  return printed;
}

const monitor = (...args: string[]) => waggle('monitor', ...args);

test('what happens is shown as it happens', { skip: needsRoot }, async () => {
  await using lab = await AgentLab.start();
  await lab.stopAgent();
  await using running = await startAgent(parseAgentOptions(lab.options));
  const { agent, socket } = running;
  const create = async (name: string) => {
    const netns = lab.namespace();
    const view = await agent.endpoints.create({
      name,
      labels: [`app=${name}`],
      namespace: { path: `/run/netns/${netns.name}` },
    });
    return { ...view, netns };
  };
  const [frontend, batch, backend] = [
    await create('frontend'),
    await create('batch'),
    await create('backend'),
  ];
  agent.policies.apply(POLICY);
  await lab.talk.serve(backend.netns, PORT);

  const text = monitor(
    '--socket',
    socket,
    '-t',
    'drop,policy-verdict',
    '--to',
    String(backend.id),
    '-n',
    '3',
  );
  const json = monitor(
    '--socket',
    socket,
    '-o',
    'json',
    '--from',
    String(frontend.id),
    '-t',
    'trace',
    '-n',
    '1',
  );
  const agentEvents = monitor('--socket', socket, '-t', 'agent', '-n', '1');
  await setTimeout(300);
  const question = { protocol: 'udp' as const, address: backend.ipv4 ?? '', port: PORT };
  await lab.talk.ask(batch.netns, question);
  await lab.talk.ask(frontend.netns, question);
  await Promise.all([text.ended, json.ended]);

  const ends = `identity ${batch.identity?.id}->${backend.identity?.id}`;
  const packet = `${batch.ipv4}:\\d+ -> ${backend.ipv4}:${PORT} udp`;
  const remote = `remote identity ${batch.identity?.id}, proto 17, ingress, action deny, match L3-Only`;
  const [allowed = '', denied = '', dropped = ''] = text.text.split('\n');
  assert.match(
    allowed,
    new RegExp(`Policy verdict log: endpoint ${batch.id}, .* egress, action allow, match all`),
  );
  assert.match(
    denied,
    new RegExp(`Policy verdict log: endpoint ${backend.id}, ${remote}, ${packet}, by rule backend-api`),
  );
  assert.match(
    dropped,
    new RegExp(
      `xx drop \\(Policy denied by denylist\\) egress endpoint ${batch.id}, ifindex ${batch.interfaceName}, ${ends}: ${packet}, refused by ingress policy, by rule backend-api`,
    ),
  );
  const event = JSON.parse(json.text);
  assert.equal(event.type, 'trace');
  assert.deepEqual(
    [event.point, event.state, event.endpoint, event.source.endpoint, event.destination.labels],
    [
      'to-endpoint',
      'new',
      { id: backend.id, name: 'backend' },
      { id: frontend.id, name: 'frontend' },
      backend.identity?.labels,
    ],
  );
  assert.match(event.ingressRule, /^backend-api/);
  assert.equal(event.packet.udp.destinationPort, PORT);

  const list = async (noun: string): Promise<{ key: string; value: string }[]> => {
    const printed = waggle('bpf', noun, 'list', '--socket', socket, '-o', 'json');
    await printed.ended;
    return JSON.parse(printed.text).cache;
  };
  const pair = { from: frontend.identity?.id, to: backend.identity?.id };
  const [connection] = (await list('ct')).filter(({ key }) => key.includes(`=${backend.ipv4}:${PORT}`));
  assert.match(connection?.key ?? '', new RegExp(`^protocol=udp source=${frontend.ipv4}:`));
  assert.match(
    connection?.value ?? '',
    new RegExp(`^state=established .* sourceIdentity=${pair.from} destinationIdentity=${pair.to} `),
  );
  const rule = `identity=${pair.to} direction=ingress peer=${pair.from} port=${PORT}/udp`;
  const [allowing] = (await list('policy')).filter(({ key }) => key === rule);
  assert.match(allowing?.value ?? '', /^action=allow cookie=[1-9]/);

  agent.policies.delete([]);
  await agentEvents.ended;
  assert.match(agentEvents.text, />> Policies \w+: \{/);
  // The thread of flows reports every second.
  await setTimeout(1100);
  assert.ok(agent.eventCounts().seen > 6);
});
