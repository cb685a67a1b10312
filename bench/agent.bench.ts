/**
 * The agent as its users meet it: a process, asked by its API, with endpoints that are namespaces. It works on a host of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cleanUp, parseAgentOptions } from '@waggle/agent';
import { AgentClient } from '@waggle/agent/client';
import { NetworkNamespace } from '@waggle/kernel';
import { uniqueName } from '../packages/kernel/src/testing/lab.ts';
import { benchmark } from './support/benchmark.ts';

const WAGGLE = fileURLToPath(new URL('../packages/cli/bin/waggle.js', import.meta.url));
const ENDPOINTS = 100;
const FEW = 7;
const ROUNDS = 7;
const PORT = 7000;
/** Numbers of rules, and in how many nanoseconds their change has to be effective: when it denies, and when it allows. */
const RULES = [
  [2, 4e6, 4e6],
  [202, 40e6, 40e6],
  [2002, 40e6, 40e6],
] as const;
/** Milliseconds after which what is in memory is what stays there. */
const QUIET = 15_000;
const MEGABYTE = 1e6;
const MILLISECOND = 1e6;

/** An agent on a host of its own. */
class Bench {
  readonly directory = mkdtempSync(join(tmpdir(), 'waggle-bench-'));
  readonly pins = `/sys/fs/bpf/${uniqueName()}`;
  readonly client = new AgentClient({ socket: join(this.directory, 'run/agent.sock') });
  readonly namespaces: NetworkNamespace[] = [];
  #process: ChildProcess | undefined;

  get options() {
    return {
      'state-dir': join(this.directory, 'state'),
      'run-dir': join(this.directory, 'run'),
      pins: this.pins,
    };
  }

  /** @returns nanoseconds until its status is OK. */
  async start(): Promise<number> {
    const begin = process.hrtime.bigint();
    const flags = Object.entries(this.options).flatMap(([name, value]) => [`--${name}`, value]);
    // As it is installed: what its first line says is part of it.
    this.#process = spawn(WAGGLE, ['agent', '--log-level', 'warn', ...flags], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    for (;;) {
      try {
        const { cilium } = await this.client.status();
        if (cilium?.state === 'Ok') return Number(process.hrtime.bigint() - begin);
      } catch {
        // Not yet.
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child) return;
    child.kill(signal);
    await once(child, 'exit');
  }

  /** Kills it, and starts it again. @returns nanoseconds until its status is OK: everything is adopted. */
  async restart(): Promise<number> {
    // What it knows is in its store soon, but not at once.
    await new Promise((resolve) => setTimeout(resolve, 500));
    await this.stop('SIGKILL');
    const time = await this.start();
    const { length } = await this.client.endpoints();
    if (length !== this.namespaces.length) throw new Error(`of its endpoints it has found ${length}`);
    return time;
  }

  /** Bytes that the agent has in memory. */
  memory(): number {
    const status = readFileSync(`/proc/${this.#process?.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  }

  /** A new endpoint, and the nanoseconds from the request until it is ready. */
  async endpoint(...labels: string[]) {
    const namespace = NetworkNamespace.create(uniqueName());
    this.namespaces.push(namespace);
    const begin = process.hrtime.bigint();
    const endpoint = await this.client.createEndpoint({ labels, netns: `/run/netns/${namespace.name}` });
    const [address] = endpoint.status?.networking?.addressing ?? [];
    return { namespace, address: address?.ipv4 ?? '', time: Number(process.hrtime.bigint() - begin) };
  }

  async close(): Promise<void> {
    await this.stop();
    for (const namespace of this.namespaces) namespace.remove();
    await cleanUp(parseAgentOptions(this.options), { state: true });
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** As many rules about a server: that of the client, and others for peers by their CIDRs. */
function policies(rules: number, client: boolean): string {
  const documents = Array.from(
    { length: rules - 1 },
    (_, index) => `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: rule-${index} }
spec:
  endpointSelector: { matchLabels: { app: server } }
  ingress:
    - fromCIDR: [10.${index >> 8}.${index & 255}.0/24]
      toPorts: [{ ports: [{ port: "${PORT}", protocol: UDP }] }]
`,
  );
  const last = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: client }
spec:
  endpointSelector: { matchLabels: { app: server } }
  ingress:
    - fromEndpoints: [{ matchLabels: { app: ${client ? 'client' : 'nobody'} } }]
`;
  return [...documents, last].join('---\n');
}

/** A datagram each millisecond. */
const SENDER = `const socket = require('node:dgram').createSocket('udp4');
socket.on('error', () => {}).connect(${PORT}, process.argv[1], () => setInterval(() => socket.send('x'), 1));`;
/** Says when it last heard something, and when it last began to hear something after a silence. */
const RECEIVER = `let last = 0n;
let begin = 0n;
require('node:dgram').createSocket('udp4').on('message', () => {
  const now = process.hrtime.bigint();
  if (now - last > 50000000n) begin = now;
  last = now;
}).bind(${PORT}, () => console.log('ready'));
process.stdin.on('data', () => console.log(JSON.stringify([String(begin), String(last)])));`;

/** A flow from one endpoint to another that never ends. */
class Flow {
  readonly #receiver: ChildProcess;
  readonly #sender: ChildProcess;

  private constructor(receiver: ChildProcess, sender: ChildProcess) {
    this.#receiver = receiver;
    this.#sender = sender;
  }

  static async start(from: NetworkNamespace, to: NetworkNamespace, address: string): Promise<Flow> {
    const receiver = to.spawn(process.execPath, ['-e', RECEIVER], { stdio: ['pipe', 'pipe', 'inherit'] });
    if (receiver.stdout) await once(receiver.stdout, 'data');
    const sender = from.spawn(process.execPath, ['-e', SENDER, address], { stdio: 'ignore' });
    return new Flow(receiver, sender);
  }

  /** When it last began after a silence, and when it was last heard: nanoseconds of process.hrtime(). */
  async heard(): Promise<{ readonly began: bigint; readonly last: bigint }> {
    this.#receiver.stdin?.write('\n');
    const [data] = this.#receiver.stdout ? await once(this.#receiver.stdout, 'data') : [];
    const [began, last]: [string, string] = JSON.parse(String(data));
    return { began: BigInt(began), last: BigInt(last) };
  }

  end(): void {
    this.#receiver.kill('SIGKILL');
    this.#sender.kill('SIGKILL');
  }
}

/** Nanoseconds from the call until a live flow is denied, and until it is allowed again. */
async function effective(bench: Bench, flow: Flow, rules: number) {
  const pause = () => new Promise((resolve) => setTimeout(resolve, 150));
  await bench.client.applyPolicies(policies(rules, true), { replace: true });
  await pause();
  const change = async (allowed: boolean): Promise<number> => {
    const begin = process.hrtime.bigint();
    await bench.client.applyPolicies(policies(1, allowed));
    await pause();
    const { began, last } = await flow.heard();
    return Math.max(0, Number((allowed ? began : last) - begin));
  };
  const denied: number[] = [];
  const allowed: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    denied.push(await change(false));
    allowed.push(await change(true));
  }
  return { denied: median(denied), allowed: median(allowed) };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

await benchmark(
  {
    name: 'agent',
    about: 'the agent by its API; goals beside what the C system takes (2.1 s, 146 ms, 4.5 and 135 ms)',
  },
  async ({ row, note }) => {
    const bench = new Bench();
    let flow: Flow | undefined;
    try {
      await bench.start();
      await bench.stop();
      const start = await bench.start();
      row({ what: 'start to status OK, warm', ours: start, unit: 'time', goal: { atMost: 1e9 } });
      const client = await bench.endpoint('app=client');
      const server = await bench.endpoint('app=server');
      const times = [];
      for (let index = 2; index < FEW; index++) times.push((await bench.endpoint(`app=${index}`)).time);
      await memoryRows(bench, FEW, 110);
      flow = await Flow.start(client.namespace, server.namespace, server.address);
      for (const [rules, deny, allow] of RULES) {
        const { denied, allowed } = await effective(bench, flow, rules);
        row({ what: `policy of ${rules} rules denies`, ours: denied, unit: 'time', goal: { atMost: deny } });
        row({
          what: `policy of ${rules} rules allows`,
          ours: allowed,
          unit: 'time',
          goal: { atMost: allow },
        });
      }
      flow.end();
      await bench.client.applyPolicies(policies(1, true), { replace: true });
      adoptionRow(FEW, await bench.restart());
      for (let index = FEW; index < ENDPOINTS; index++) {
        times.push((await bench.endpoint(`app=${index}`)).time);
      }
      const ready = { what: 'endpoint created to ready, median', ours: median(times) };
      row({ ...ready, unit: 'time', goal: { atMost: 25 * MILLISECOND } });
      await memoryRows(bench, ENDPOINTS, 150);
      adoptionRow(ENDPOINTS, await bench.restart());
      flow = await Flow.start(client.namespace, server.namespace, server.address);
      const { denied } = await effective(bench, flow, 2);
      const many = { what: `policy denies, ${ENDPOINTS} endpoints`, ours: denied };
      row({ ...many, unit: 'time', goal: { atMost: 50 * MILLISECOND } });
      note('The live flow has a datagram each millisecond, so that is how exactly the effect is seen.');
    } finally {
      flow?.end();
      await bench.close();
    }

    function adoptionRow(endpoints: number, ours: number): void {
      row({ what: `killed, has ${endpoints} endpoints again`, ours, unit: 'time', goal: { atMost: 1e9 } });
    }

    /** At once, and when it had time to give back what is left over from its work: 8 seconds later V8 looks for that. */
    async function memoryRows(bench: Bench, endpoints: number, megabytes: number): Promise<void> {
      const what = `memory, ${endpoints} endpoints`;
      row({ what: `${what}, at once`, ours: bench.memory(), unit: 'size' });
      await new Promise((resolve) => setTimeout(resolve, QUIET));
      row({ what, ours: bench.memory(), unit: 'size', goal: { atMost: megabytes * MEGABYTE } });
    }
  },
);
