/** The datapath on real packets: endpoints in namespaces, ordinary programs, and policies from text. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { PolicyRepository, parseLabel, parsePolicies } from '@waggle/policy';
import { needsRoot } from '../packages/kernel/src/testing/lab.ts';

await import('@waggle/compiler/register');
const { Reason } = await import('@waggle/datapath');
const { DatapathLab } = await import('./support/datapath-lab.ts');

const FRONTEND = 300;
const BATCH = 301;
const BACKEND = 302;
const PORT = 8080;
const noPing = spawnSync('ping', ['-V']).error ? 'ping is not installed' : false;

const BACKEND_POLICY = `
- endpointSelector: { matchLabels: { app: backend } }
  ingress:
    - fromEndpoints: [{ matchLabels: { app: frontend } }]
      toPorts: [{ ports: [{ port: "${PORT}", protocol: ANY }] }]
`;
const ALSO_PING = `
    - fromEndpoints: [{ matchLabels: { app: frontend } }]
      icmps: [{ fields: [{ type: 8, family: IPv4 }, { type: 128, family: IPv6 }] }]
`;

/** Rules in force in a lab: identities named like their apps. */
function enforce(lab: InstanceType<typeof DatapathLab>, text: string): void {
  const repository = new PolicyRepository();
  for (const [id, app] of [
    [FRONTEND, 'frontend'],
    [BATCH, 'batch'],
    [BACKEND, 'backend'],
  ] as const) {
    repository.setIdentity({ id, labels: [parseLabel(`k8s:app=${app}`)] });
  }
  repository.setIdentity({ id: 1, labels: [parseLabel('reserved:host')] });
  repository.setIdentity({ id: 9, labels: [parseLabel('reserved:world-ipv4')] });
  repository.setIdentity({ id: 10, labels: [parseLabel('reserved:world-ipv6')] });
  repository.add(parsePolicies(text).rules);
  for (const identity of [FRONTEND, BATCH, BACKEND]) {
    const { entries } = repository.resolve(identity);
    lab.datapath.setPolicy(identity, entries, ({ cookies }) => ({ cookie: cookies[0] ?? 0 }));
  }
}

test('who may talk to whom is decided by labels, in both families', { skip: needsRoot }, async () => {
  using lab = new DatapathLab();
  const [frontend, batch, backend] = [FRONTEND, BATCH, BACKEND].map((identity) => lab.endpoint(identity));
  assert.ok(frontend && batch && backend);
  await lab.serve(backend.namespace, PORT);
  const all = (from: typeof frontend) =>
    lab.ask(
      from.namespace,
      ...[backend.ipv4, backend.ipv6].flatMap((address) => [
        { protocol: 'tcp' as const, address, port: PORT },
        { protocol: 'udp' as const, address, port: PORT },
      ]),
    );
  const [answered, silence] = [Array(4).fill('answered'), Array(4).fill('no answer')];
  assert.deepEqual(await all(frontend), silence, 'an endpoint without a policy is closed');
  enforce(lab, '[]');
  assert.deepEqual(await all(frontend), answered, 'without rules it is open');
  assert.deepEqual(await all(batch), answered);
  enforce(lab, BACKEND_POLICY);
  assert.deepEqual(await all(frontend), answered);
  const before = lab.datapath.traffic(Reason.PolicyDenied, 'Away').packets;
  assert.deepEqual(await all(batch), silence, 'also those who talked before');
  assert.ok(lab.datapath.traffic(Reason.PolicyDenied, 'Away').packets > before, 'dropped for that reason');
  assert.ok(lab.datapath.traffic(Reason.Forwarded, 'Away').packets > 0n);
});

test('a change of policy meets connections that are open', { skip: needsRoot }, async () => {
  using lab = new DatapathLab();
  const [frontend, backend] = [lab.endpoint(FRONTEND), lab.endpoint(BACKEND)];
  await lab.serve(backend.namespace, PORT);
  enforce(lab, BACKEND_POLICY);
  const talk = lab.talk(frontend.namespace, backend.ipv4, PORT);
  const hears = async (): Promise<boolean> => {
    const before = talk.answers;
    for (let turn = 0; turn < 100 && talk.answers <= before + 2; turn++) await setTimeout(50);
    return talk.answers > before + 2;
  };
  assert.ok(await hears(), 'allowed');
  enforce(lab, BACKEND_POLICY.replace('frontend', 'nobody'));
  await setTimeout(100);
  const last = talk.answers;
  await setTimeout(500);
  assert.equal(talk.answers, last, 'no longer allowed');
  enforce(lab, BACKEND_POLICY);
  assert.ok(await hears(), 'allowed again, and it goes on where it was');
});

test('the world comes and goes by the host, as policy says', { skip: needsRoot }, async () => {
  using lab = new DatapathLab();
  const [backend, batch] = [lab.endpoint(BACKEND), lab.endpoint(BATCH)];
  await lab.serve(lab.world, PORT);
  await lab.serve(backend.namespace, PORT);
  enforce(lab, BACKEND_POLICY);
  const tcp = (address: string) => ({ protocol: 'tcp' as const, address, port: PORT });
  const { ipv4, ipv6 } = lab.worldAddress;
  assert.deepEqual(
    await lab.ask(backend.namespace, tcp(ipv4), tcp(ipv6)),
    ['answered', 'answered'],
    'nothing is said about the way out',
  );
  assert.deepEqual(
    await lab.ask(lab.world, tcp(backend.ipv4), tcp(backend.ipv6), tcp(batch.ipv4), tcp(batch.ipv6)),
    // Nobody listens at the batch endpoint, but that is where the packets got to.
    ['no answer', 'no answer', 'refused', 'refused'],
  );
  assert.ok(lab.datapath.traffic(Reason.PolicyDenied, 'Endpoint').packets > 0n);
});

test('pings are a port like others; errors about what was allowed come back', {
  skip: needsRoot || noPing,
}, async () => {
  using lab = new DatapathLab();
  const [frontend, backend] = [lab.endpoint(FRONTEND), lab.endpoint(BACKEND)];
  const ping = (address: string): boolean => {
    const args = ['netns', 'exec', frontend.namespace.name ?? '', 'ping', '-c', '1', '-W', '1', address];
    return spawnSync('ip', args).status === 0;
  };
  enforce(lab, BACKEND_POLICY);
  assert.deepEqual([backend.ipv4, backend.ipv6].map(ping), [false, false]);
  enforce(lab, BACKEND_POLICY + ALSO_PING);
  assert.deepEqual([backend.ipv4, backend.ipv6].map(ping), [true, true]);
  const closed = [backend.ipv4, backend.ipv6].map((address) => ({
    protocol: 'udp' as const,
    address,
    port: PORT,
  }));
  assert.deepEqual(await lab.ask(frontend.namespace, ...closed), ['refused', 'refused'], 'told by ICMP');
});

test('a datagram in pieces passes as one', { skip: needsRoot }, async () => {
  using lab = new DatapathLab();
  const [frontend, backend] = [lab.endpoint(FRONTEND), lab.endpoint(BACKEND)];
  await lab.serve(backend.namespace, PORT);
  enforce(lab, BACKEND_POLICY);
  const large = { protocol: 'udp' as const, address: backend.ipv4, port: PORT, bytes: 5000 };
  assert.deepEqual(await lab.ask(frontend.namespace, large), ['answered']);
});

test('an endpoint sends with its own addresses only', { skip: needsRoot }, async () => {
  using lab = new DatapathLab();
  const [frontend, backend] = [lab.endpoint(FRONTEND), lab.endpoint(BACKEND)];
  await lab.serve(backend.namespace, PORT);
  enforce(lab, '[]');
  const question = { protocol: 'tcp' as const, address: backend.ipv4, port: PORT };
  assert.deepEqual(await lab.ask(frontend.namespace, question), ['answered']);
  const name = frontend.namespace.name ?? '';
  execFileSync('ip', ['-n', name, 'address', 'add', '10.0.0.99/32', 'dev', 'eth0']);
  execFileSync('ip', [
    '-n',
    name,
    'route',
    'replace',
    `${backend.ipv4}/32`,
    'via',
    '169.254.1.1',
    'dev',
    'eth0',
    'src',
    '10.0.0.99',
  ]);
  assert.deepEqual(await lab.ask(frontend.namespace, question), ['no answer']);
  assert.ok(lab.datapath.traffic(Reason.InvalidSource, 'Away').packets > 0n);
});

test('with more connections than are remembered, those that may begin go on', {
  skip: needsRoot,
}, async () => {
  using lab = new DatapathLab({ maxConnections: 64 });
  const [frontend, backend] = [lab.endpoint(FRONTEND), lab.endpoint(BACKEND)];
  await lab.serve(backend.namespace, PORT);
  enforce(lab, BACKEND_POLICY);
  const talk = lab.talk(frontend.namespace, backend.ipv4, PORT);
  for (let turn = 0; turn < 100 && talk.answers === 0; turn++) await setTimeout(50);
  const question = { protocol: 'udp' as const, address: backend.ipv4, port: PORT };
  const outcomes = await lab.ask(frontend.namespace, ...Array(400).fill(question));
  // An answer to what was forgotten before it came is lost; what is asked again is let through again.
  assert.ok(outcomes.filter((outcome) => outcome === 'answered').length > 100);
  assert.ok([...lab.datapath.connections()].length <= 64 * 2);
  const before = talk.answers;
  for (let turn = 0; turn < 100 && talk.answers <= before + 2; turn++) await setTimeout(50);
  assert.ok(talk.answers > before + 2, 'what has been talking all the time still does');
});
