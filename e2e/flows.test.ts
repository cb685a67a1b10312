/** Flows of a running agent: beside what tcpdump saw of the same traffic, over its restart, as metrics and in a file. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import type { AgentOptionsInput, RunningAgent } from '@waggle/agent';
import type { Flow as FlowMessage } from '@waggle/flows/hubble/client';
import type { NetworkNamespace } from '@waggle/kernel';
import { needsRoot } from '../packages/kernel/src/testing/lab.ts';
import { backendPolicy } from './support/backend-policy.ts';
import type { Question } from './support/talk.ts';

await import('@waggle/compiler/register');
const { parseAgentOptions, startAgent } = await import('@waggle/agent');
const { HubbleClient } = await import('@waggle/flows/hubble/client');
const { AgentLab } = await import('./support/agent-lab.ts');

const PORT = 8080;
const METRICS_PORT = 20_000 + (process.pid % 20_000);
/** One more may not ask at all. */
const POLICY = `${backendPolicy(PORT)}  ingressDeny:
    - fromEndpoints: [{ matchLabels: { app: batch } }]
`;
const needsTcpdump = needsRoot || (spawnSync('tcpdump', ['--version']).error ? 'tcpdump is not here' : false);

/** An agent with a backend that serves, and two who ask it; one of them may not. */
class Lab implements AsyncDisposable {
  readonly lab: Awaited<ReturnType<typeof AgentLab.start>>;
  running: RunningAgent;
  readonly #options: AgentOptionsInput;

  private constructor(
    lab: Awaited<ReturnType<typeof AgentLab.start>>,
    running: RunningAgent,
    options: AgentOptionsInput,
  ) {
    this.lab = lab;
    this.running = running;
    this.#options = options;
  }

  static async start(more: AgentOptionsInput = {}): Promise<Lab> {
    const lab = await AgentLab.start();
    await lab.stopAgent();
    const options = { ...lab.options, ...more };
    return new Lab(lab, await startAgent(parseAgentOptions(options)), options);
  }

  async restart(): Promise<void> {
    this.running = await startAgent(parseAgentOptions(this.#options));
  }

  async endpoint(name: string) {
    const netns = this.lab.namespace();
    const view = await this.running.agent.endpoints.create({
      name,
      labels: [`app=${name}`],
      namespace: { path: `/run/netns/${netns.name}` },
    });
    return { ...view, netns };
  }

  async trio() {
    const [frontend, batch, backend] = [
      await this.endpoint('frontend'),
      await this.endpoint('batch'),
      await this.endpoint('backend'),
    ];
    this.running.agent.policies.apply(POLICY, { file: 'policies/backend.yaml' });
    await this.lab.talk.serve(backend.netns, PORT);
    return { frontend, batch, backend };
  }

  client() {
    const socket = join(this.lab.directory, 'run', 'hubble.sock');
    return new HubbleClient({ server: `unix:${socket}` });
  }

  /** The last flows to the port, once nothing more comes. */
  async flows(): Promise<FlowMessage[]> {
    await sleep(150);
    using client = this.client();
    const flows: FlowMessage[] = [];
    const request = { number: 1000n, whitelist: [{ destinationPort: [String(PORT)] }] };
    for await (const { responseTypes } of client.flows(request)) {
      if (responseTypes.case === 'flow') flows.push(responseTypes.value);
    }
    return flows;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.running.stop();
    await this.lab[Symbol.asyncDispose]();
  }
}

/** What tcpdump sees in a namespace: the first packets of connections and the datagrams to the port, as `TCP 10.0.0.1:4711`. */
async function capture(netns: NetworkNamespace): Promise<() => Promise<Set<string>>> {
  const filter = `dst port ${PORT} and (udp or tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn or ip6[53] & 0x12 == 2)`;
  const child = netns.spawn('tcpdump', ['-nn', '-t', '-l', '-i', 'any', filter], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  child.stdout?.on('data', (data) => {
    text += data;
  });
  if (child.stderr) await once(child.stderr, 'data');
  await sleep(200);
  return async () => {
    await sleep(200);
    child.kill('SIGINT');
    await once(child, 'close');
    const seen = new Set<string>();
    for (const [, source, port, rest = ''] of text.matchAll(/IP6? (\S+)\.(\d+) > \S+: (.*)/g)) {
      seen.add(`${rest.startsWith('Flags') ? 'TCP' : 'UDP'} ${source}:${port}`);
    }
    return seen;
  };
}

/** Who talked, as {@link capture} calls it. */
function talker({ l4, IP }: FlowMessage): string {
  const protocol = l4?.protocol;
  const port = protocol?.case === 'TCP' || protocol?.case === 'UDP' ? protocol.value.sourcePort : 0;
  return `${protocol?.case} ${IP?.source}:${port}`;
}

describe('flows of an agent', { skip: needsRoot }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'waggle-flows-'));
  let lab: Lab;
  let trio: Awaited<ReturnType<Lab['trio']>>;
  let thread: Worker | undefined;
  const noteThread = (worker: Worker): void => {
    thread = worker;
  };
  before(async () => {
    process.on('worker', noteThread);
    lab = await Lab.start({
      ...{ metrics: `127.0.0.1:${METRICS_PORT}`, 'flow-metrics': ['drop:sourceContext=pod'] },
      ...{ 'export-file': join(directory, 'flows.log'), 'export-allow': ['{"verdict":["DROPPED"]}'] },
    });
    trio = await lab.trio();
  });
  after(async () => {
    process.off('worker', noteThread);
    await lab[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true });
  });

  test('flows are those that tcpdump sees, connection by connection', { skip: needsTcpdump }, async () => {
    const { frontend, batch, backend } = trio;
    const captures = [
      await capture(frontend.netns),
      await capture(batch.netns),
      await capture(backend.netns),
    ];
    const addresses = [backend.ipv4 ?? '', backend.ipv6 ?? ''];
    const questions = addresses.flatMap((address) =>
      (['tcp', 'udp'] as const).flatMap((protocol): Question[] =>
        Array.from({ length: 5 }, () => ({ protocol, address, port: PORT })),
      ),
    );
    const talk = lab.lab.talk;
    const [answers] = await Promise.all([
      talk.ask(frontend.netns, ...questions),
      talk.ask(batch.netns, ...questions),
    ]);
    assert.deepEqual(new Set(answers), new Set(['answered']));
    const flows = await lab.flows();
    const [sent = new Set(), refused = new Set(), arrived = new Set()] = await Promise.all(
      captures.map((stop) => stop()),
    );
    const talkers = (wanted: (flow: FlowMessage) => boolean) => new Set(flows.filter(wanted).map(talker));
    const isTrace = ({ eventType }: FlowMessage): boolean => eventType?.type === 4;
    const isDrop = ({ eventType }: FlowMessage): boolean => eventType?.type === 1;
    assert.equal(sent.size, questions.length);
    assert.deepEqual(talkers(isTrace), arrived);
    assert.deepEqual(arrived, sent);
    assert.deepEqual(talkers(isDrop), refused);

    const [drop] = flows.filter(isDrop);
    assert.deepEqual([drop?.source?.podName, drop?.destination?.podName], ['batch', 'backend']);
    assert.equal(drop?.trafficDirection, 1, 'the ingress policy of the backend denied it');
    assert.deepEqual(
      drop?.ingressDeniedBy.map(({ name }) => name),
      ['backend-api'],
    );
    const [trace] = flows.filter(isTrace);
    assert.equal(trace?.source?.ID, frontend.id);
    assert.ok(trace.source.labels.includes('k8s:app=frontend'));
    assert.deepEqual(
      trace?.ingressAllowedBy.map(({ name }) => name),
      ['backend-api'],
    );
  });

  test('a flow is to be had within 100 milliseconds', async () => {
    const { batch, backend } = trio;
    using client = lab.client();
    const stop = new AbortController();
    const delays: number[] = [];
    const following = (async () => {
      for await (const { responseTypes } of client.flows({ follow: true }, stop.signal)) {
        if (responseTypes.case !== 'flow' || responseTypes.value.eventType?.type !== 1) continue;
        const { seconds = 0n, nanos = 0 } = responseTypes.value.time ?? {};
        delays.push(Date.now() - (Number(seconds) * 1000 + nanos / 1e6));
      }
    })();
    await sleep(300);
    for (let round = 0; round < 3; round++) {
      await lab.lab.talk.ask(batch.netns, { protocol: 'udp', address: backend.ipv4 ?? '', port: PORT });
    }
    stop.abort();
    await following;
    assert.ok(delays.length >= 3, `${delays.length} came`);
    assert.ok(Math.min(...delays) <= 100, `the delays were ${delays.join(', ')} ms`);
  });

  test('flows are counted for Prometheus, and written to a file', async () => {
    const { batch, backend } = trio;
    await lab.lab.talk.ask(batch.netns, { protocol: 'udp', address: backend.ipv4 ?? '', port: PORT });
    await sleep(1200);
    const text = await (await fetch(`http://127.0.0.1:${METRICS_PORT}/metrics`)).text();
    assert.match(
      text,
      /hubble_drop_total\{reason="POLICY_DENY",protocol="UDP",source="default\/batch"\} [1-9]/,
    );
    assert.match(text, /waggle_policy 1\n/);
    const lines = readFileSync(join(directory, 'flows.log'), 'utf8').trimEnd().split('\n');
    const drops = lines
      .map((line) => JSON.parse(line).flow)
      .filter(({ event_type }) => event_type.type === 1);
    assert.ok(drops.some(({ source }) => source.pod_name === 'batch'));
  });

  test('a thread of flows that ends is started again, and tells what came in between', async () => {
    const { frontend, batch, backend } = trio;
    const question = { protocol: 'udp' as const, address: backend.ipv4 ?? '', port: PORT };
    const { agent } = lab.running;
    const metrics = async () => (await fetch(`http://127.0.0.1:${METRICS_PORT}/metrics`)).text();
    assert.match(await metrics(), /waggle_flow_thread_restarts_total 0\n/);
    await thread?.terminate();
    assert.match(agent.eventCounts().problem ?? '', /The thread of flows has ended/);
    // The metrics of the agent are there without those of flows.
    assert.match(await metrics(), /waggle_policy 1\n/);
    assert.deepEqual(await lab.lab.talk.ask(frontend.netns, question), ['answered']);
    assert.deepEqual(await lab.lab.talk.ask(batch.netns, question), ['no answer']);
    for (const deadline = Date.now() + 20_000; agent.eventCounts().problem !== undefined; await sleep(20)) {
      assert.ok(Date.now() < deadline, 'it was not started again');
    }
    const flows = await lab.flows();
    const seen = flows.map(({ eventType, source }) => `${eventType?.type} ${source?.podName}`);
    assert.ok(seen.includes('4 frontend'), seen.join());
    assert.ok(seen.includes('1 batch'), seen.join());
    assert.equal(agent.eventCounts().restarts, 1);
    assert.match(await metrics(), /waggle_flow_thread_restarts_total 1\n/);
  });

  test('what happens while the agent is away is told by the next one', async () => {
    const { frontend, batch, backend } = trio;
    await lab.running.stop();
    const question = { protocol: 'udp' as const, address: backend.ipv4 ?? '', port: PORT };
    assert.deepEqual(await lab.lab.talk.ask(frontend.netns, question), ['answered']);
    assert.deepEqual(await lab.lab.talk.ask(batch.netns, question), ['no answer']);
    await lab.restart();
    const flows = await lab.flows();
    const seen = flows.map(({ eventType, source }) => `${eventType?.type} ${source?.podName}`);
    assert.ok(seen.includes('4 frontend'), seen.join());
    assert.ok(seen.includes('1 batch'), seen.join());
  });
});
