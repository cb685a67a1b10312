/** The process that has the datapath in its hands ends, at any moment; traffic and policy do not notice, and the next one goes on. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { needsRoot, withBpffs } from '../packages/kernel/src/testing/lab.ts';
import type { HostFound, HostWork } from './support/datapath-host.ts';
import { scriptArguments } from './support/script.ts';

await import('@waggle/compiler/register');
const { Datapath, Reason } = await import('@waggle/datapath');
const { DatapathLab } = await import('./support/datapath-lab.ts');

const [FRONTEND, BACKEND] = [300, 301];
const [TALK, STREAM, FRESH, CLOSED] = [8080, 8081, 8082, 8083];
const ROUNDS = 2;

const entry = (direction: 'ingress' | 'egress', protocol: number, port: number, identity = 0) => ({
  direction,
  identity,
  protocol,
  port,
  portPrefix: port === 0 ? 0 : 16,
  action: 'allow' as const,
  audit: false,
});
const ALL = [entry('egress', 0, 0), entry('ingress', 0, 0)];
const PORTS = [entry('ingress', 6, TALK), entry('ingress', 17, STREAM), entry('ingress', 6, FRESH)];

/** Both let the backend be talked to at its ports; nothing else comes in, and what goes out is said in two ways. */
const VERSIONS = [
  [
    { identity: FRONTEND, entries: ALL },
    { identity: BACKEND, entries: [...PORTS, entry('egress', 0, 0)] },
  ],
  [
    { identity: FRONTEND, entries: [entry('egress', 6, 0), entry('egress', 17, 0)] },
    { identity: BACKEND, entries: [...PORTS.map((each) => ({ ...each, identity: FRONTEND }))] },
  ],
];

type Lab = InstanceType<typeof DatapathLab>;

/** Starts a process that has the datapath in its hands. */
async function startHost(lab: Lab, work: HostWork): Promise<{ child: ChildProcess; found: HostFound }> {
  const child = lab.host.spawn(
    process.execPath,
    [...scriptArguments('datapath-host'), JSON.stringify(work)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  assert.ok(child.stdout);
  const [line] = await once(child.stdout, 'data');
  return { child, found: JSON.parse(line) };
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

test('killed at work, the datapath goes on, and the next process takes it over', {
  skip: needsRoot,
}, async (context) => {
  await withBpffs(async (bpffs) => {
    const pins = join(bpffs, 'waggle');
    using lab = new DatapathLab({ pins });
    const [frontend, backend] = [lab.endpoint(FRONTEND), lab.endpoint(BACKEND)];
    const endpoints = lab.datapath.endpoints().flatMap(({ spec }) => spec ?? []);
    lab.datapath.apply({ policies: VERSIONS[0] ?? [] });
    for (const port of [TALK, FRESH, CLOSED]) await lab.serve(backend.namespace, port);
    const talk = lab.talk(frontend.namespace, backend.ipv4, TALK);
    const stream = lab.stream(frontend.namespace, backend.namespace, backend.ipv4, STREAM);
    for (let turn = 0; turn < 200 && (talk.answers === 0 || stream.received === 0); turn++)
      await setTimeout(50);
    assert.ok(talk.answers > 0 && stream.received > 0);
    const counted = (reason: number): bigint => lab.datapath.traffic(reason, 'Away').packets;
    const droppedBefore = counted(Reason.PolicyDenied);
    lab.datapath.close();

    const ask = (port: number) =>
      lab.ask(frontend.namespace, { protocol: 'tcp', address: backend.ipv4, port });
    for (let round = 0; round < ROUNDS; round++) {
      const { child, found } = await startHost(lab, { pins, endpoints, versions: VERSIONS });
      assert.deepEqual([...found.devices].sort(), [frontend.device, backend.device]);
      assert.ok(found.connections >= 2, 'both connections are still known');
      assert.ok(found.milliseconds < 1000);
      context.diagnostic(`taken over in ${found.milliseconds.toFixed(1)} ms`);
      await setTimeout(300 + 37 * round);
      await kill(child);
      assert.deepEqual(await ask(FRESH), ['answered'], 'with nobody there, new connections are decided');
    }
    const { answers } = talk;
    const { received } = stream;
    await setTimeout(300);
    assert.ok(talk.answers > answers && stream.received > received, 'they still talk');
    assert.equal(stream.lost, 0, `of ${received} datagrams`);

    lab.datapath = Datapath.open({ pins });
    assert.equal(counted(Reason.PolicyDenied), droppedBefore, 'nothing was dropped');
    assert.deepEqual(await ask(CLOSED), ['no answer'], 'nor has anything opened up');
  });
});
