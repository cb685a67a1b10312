/** Traffic between two namespaces: round trips of one byte by a program in C, throughput by iperf3. Each side has its servers. */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { NetworkNamespace } from '@waggle/kernel';
import { compileTool, NO_COMPILER } from './twin.ts';

const TRIPS_PORT = 7001;
const IPERF_PORT = 7002;
/** The policies of a benchmark allow these. */
export const TRAFFIC_PORTS: readonly number[] = [TRIPS_PORT, IPERF_PORT];

/** What lacks here of what is needed; undefined when all is there. */
export function missingTools(...tools: readonly string[]): string | undefined {
  const missing = tools.filter((tool) => spawnSync(tool, ['--version']).error);
  return missing.length === 0 ? undefined : `Not installed here: ${missing.join(', ')}.`;
}

/** Two ends of a way that is measured. */
export interface Ends {
  readonly from: NetworkNamespace;
  readonly to: NetworkNamespace;
  /** Of the server, IPv4. */
  readonly address: string;
}

export class NamespaceTraffic implements Disposable {
  readonly #binary: string;
  readonly #servers: ChildProcess[] = [];

  /** @throws Error without a C compiler. */
  constructor() {
    const binary = compileTool('round-trips');
    if (binary === undefined) throw new Error(NO_COMPILER);
    this.#binary = binary;
  }

  /** Starts the servers of an end; `throughput` needs the one of iperf3. */
  async serve(namespace: NetworkNamespace, { throughput = false } = {}): Promise<void> {
    await this.#start(namespace, this.#binary, ['serve', String(TRIPS_PORT)]);
    if (throughput) await this.#start(namespace, 'iperf3', ['-s', '-p', String(IPERF_PORT), '--forceflush']);
  }

  /** Nanoseconds of a round trip: the mean of so many over one connection. */
  async roundTrip({ from, address }: Ends, count: number): Promise<number> {
    return Number(await output(from, this.#binary, ['ask', address, String(TRIPS_PORT), String(count)]));
  }

  /** Bits a second that arrive over one connection; the sender is on the first CPU and the receiver on the second. */
  async throughput({ from, address }: Ends, seconds: number): Promise<number> {
    const args = ['-c', address, '-p', String(IPERF_PORT), '-t', String(seconds), '-A', '0,1', '--json'];
    const { end, error } = JSON.parse(await output(from, 'iperf3', args));
    if (error !== undefined) throw new Error(`iperf3: ${error}`);
    return end.sum_received.bits_per_second;
  }

  [Symbol.dispose](): void {
    for (const server of this.#servers) server.kill('SIGKILL');
  }

  async #start(namespace: NetworkNamespace, command: string, args: readonly string[]): Promise<void> {
    const server = namespace.spawn(command, [...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#servers.push(server);
    if (server.stdout) await once(server.stdout, 'data');
    // Nobody reads on, and a server must not wait for that.
    server.stdout?.resume();
  }
}

async function output(from: NetworkNamespace, command: string, args: readonly string[]): Promise<string> {
  const child = from.spawn(command, [...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout?.on('data', (data) => {
    text += data;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${text}`);
  return text;
}
