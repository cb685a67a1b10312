/**
 * As much of an agent as workloads need: it connects those who ask by the API to a host of its own, forgets them when they ask or
 * when their namespaces end, and knows no policy.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Network, NetworkNamespace } from '@waggle/kernel';
import { AddressBook } from '../../packages/agent/src/addresses/index.ts';
import { type HostDevice, HostNetworks } from '../../packages/agent/src/workload/index.ts';
import { uniqueName } from '../../packages/kernel/src/testing/lab.ts';

interface Request {
  readonly name?: string;
  readonly labels?: readonly string[];
  readonly netns?: string;
  readonly pid?: number;
  readonly addressing?: { readonly ipv4?: string; readonly ipv6?: string };
}

interface Known {
  readonly request: Request;
  readonly device: HostDevice;
  readonly addresses: { readonly ipv4?: string; readonly ipv6?: string };
}

export class WorkloadAgent implements AsyncDisposable {
  readonly host = NetworkNamespace.create(uniqueName());
  readonly requests: Request[] = [];
  /** By number. */
  readonly endpoints = new Map<number, Known>();
  readonly #directory = mkdtempSync(join(tmpdir(), 'waggle-agent-'));
  readonly socket = join(this.#directory, 'agent.sock');
  readonly #addresses = new AddressBook({ ipv4: { cidr: '10.92.0.0/24' }, ipv6: { cidr: 'fd77::/64' } });
  readonly #networks: HostNetworks;
  readonly #server = createServer((request, response) => {
    this.#answer(request).then(
      (body) => response.writeHead(200, { 'waggle-api': '1' }).end(JSON.stringify(body)),
      (error) =>
        response
          .writeHead(500, { 'waggle-api': '1', 'waggle-error': error.code })
          .end(JSON.stringify(error.message)),
    );
  });
  #next = 1;

  private constructor() {
    using network = Network.open(this.host);
    network.links.set('lo', { up: true });
    network.addresses.add('lo', '198.51.100.1/32');
    this.#networks = new HostNetworks({
      host: this.host,
      mtu: 1500,
      onVanished: (index) => {
        for (const [id, { device }] of this.endpoints)
          if (device.interfaceIndex === index) this.endpoints.delete(id);
      },
      onProblem: (problem) => {
        throw problem;
      },
    });
  }

  static async start(): Promise<WorkloadAgent> {
    const agent = new WorkloadAgent();
    await new Promise<void>((resolve) => agent.#server.listen(agent.socket, resolve));
    return agent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    await this.#networks.close();
    this.host.remove();
    rmSync(this.#directory, { recursive: true });
  }

  async #answer(request: IncomingMessage): Promise<unknown> {
    let text = '';
    for await (const chunk of request) text += chunk;
    if (request.method === 'DELETE') return this.#delete(Number(request.url?.split('/').at(-1)));
    return this.#create(JSON.parse(text));
  }

  #create(request: Request): unknown {
    this.requests.push(request);
    const id = this.#next++;
    const addresses = request.addressing ?? this.#addresses.allocate(`endpoint ${id}`);
    const place = request.pid === undefined ? { path: request.netns ?? '' } : { pid: request.pid };
    const device = this.#networks.connect(place, id, addresses);
    this.endpoints.set(id, { request, device, addresses });
    return {
      id,
      status: { networking: { addressing: [addresses] }, waggle: { name: request.name ?? `endpoint-${id}` } },
    };
  }

  #delete(id: number): unknown {
    const known = this.endpoints.get(id);
    if (known) this.#networks.disconnect(known.device, known.addresses);
    this.endpoints.delete(id);
    return {};
  }
}
