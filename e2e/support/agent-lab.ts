/**
 * An agent on a host of its own: a namespace with an uplink to a world, and directories that go with it. Endpoints are namespaces,
 * as a container runtime makes them.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import {
  Agent,
  type AgentHooks,
  type AgentOptionsInput,
  type EndpointView,
  parseAgentOptions,
} from '@waggle/agent';
import { Datapath } from '@waggle/datapath';
import { Network, NetworkNamespace, writeSysctl } from '@waggle/kernel';
import { uniqueName } from '../../packages/kernel/src/testing/lab.ts';
import { type Question, Talk } from './talk.ts';
import { joinWorld } from './world.ts';

export const POOLS = { ipv4: '10.92.0.0/16', ipv6: 'fd77:6167:676c:65::/64' };

/** Where the backend of {@link AgentLab.cast} serves, and who may reach it once this is in force. */
export const PORT = 8080;
export const POLICY = `
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: backend }
spec:
  endpointSelector: { matchLabels: { app: backend } }
  ingress:
    - fromEndpoints: [{ matchLabels: { app: frontend } }]
      toPorts: [{ ports: [{ port: "${PORT}", protocol: ANY }] }]
`;

/** An endpoint and the namespace that it is. */
export interface AgentEndpoint extends EndpointView {
  readonly netns: NetworkNamespace;
}

export class AgentLab implements AsyncDisposable {
  readonly talk = new Talk();
  readonly host = NetworkNamespace.create(uniqueName());
  readonly world = NetworkNamespace.create(uniqueName());
  readonly directory = mkdtempSync(join(tmpdir(), 'waggle-lab-'));
  readonly pins = `/sys/fs/bpf/${uniqueName()}`;
  readonly options: AgentOptionsInput;
  readonly #namespaces: NetworkNamespace[] = [];
  #agent: Agent | undefined;

  private constructor(options: AgentOptionsInput) {
    this.options = {
      'node-name': 'lab',
      'state-dir': join(this.directory, 'state'),
      'run-dir': join(this.directory, 'run'),
      pins: this.pins,
      netns: this.host.name ?? '',
      'max-connections': 16_384,
      'log-level': 'error',
      ...options,
    };
  }

  /** Makes the host, and starts the agent on it. */
  static async start(options: AgentOptionsInput = {}): Promise<AgentLab> {
    const lab = new AgentLab(options);
    try {
      joinWorld(lab.host, lab.world, POOLS);
      lab.host.run(() => writeSysctl('net.ipv4.conf.uplink.forwarding', 1));
      lab.startAgent();
      return lab;
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  get agent(): Agent {
    if (this.#agent) return this.#agent;
    throw new Error('the agent does not run');
  }

  startAgent(options: AgentOptionsInput = {}, hooks: AgentHooks = {}): void {
    this.#agent = new Agent(parseAgentOptions({ ...this.options, ...options }), hooks);
  }

  async stopAgent(): Promise<void> {
    const agent = this.#agent;
    this.#agent = undefined;
    await agent?.stop();
  }

  /** A namespace that is no endpoint yet. */
  namespace(): NetworkNamespace {
    const namespace = NetworkNamespace.create(uniqueName());
    this.#namespaces.push(namespace);
    return namespace;
  }

  async endpoint(...labels: string[]): Promise<AgentEndpoint> {
    const netns = this.namespace();
    const view = await this.agent.endpoints.create({
      labels,
      namespace: { path: `/run/netns/${netns.name}` },
    });
    return { ...view, netns };
  }

  /** A backend that serves, those who ask it, and the question by TCP that they have. */
  async cast() {
    const frontend = await this.endpoint('app=frontend');
    const batch = await this.endpoint('app=batch');
    const backend = await this.endpoint('app=backend');
    await this.talk.serve(backend.netns, PORT);
    const question: Question = { protocol: 'tcp', address: backend.ipv4 ?? '', port: PORT };
    return { frontend, batch, backend, question };
  }

  /** Endpoints that come all at once, with ten identities. */
  crowd(size: number): Promise<AgentEndpoint[]> {
    return Promise.all(Array.from({ length: size }, (_, index) => this.endpoint(`app=many-${index % 10}`)));
  }

  /** Removes endpoints all at once, and the namespaces that they were. */
  disperse(crowd: readonly AgentEndpoint[]): void {
    for (const { id } of crowd) this.agent.endpoints.remove({ id });
    for (const { netns } of crowd) {
      this.#namespaces.splice(this.#namespaces.indexOf(netns), 1);
      netns.remove();
    }
  }

  /** What is there of each kind. */
  counts() {
    const { addresses, datapath, endpoints, identities } = this.agent;
    using network = Network.open(this.host);
    return {
      descriptors: readdirSync('/proc/self/fd').length,
      namespaces: this.#namespaces.length,
      links: network.links.list().length,
      routes: network.routes.list().length,
      pins: Datapath.list(this.pins).length,
      policies: datapath.policyIdentities().length,
      endpoints: [...datapath.maps.endpoints.keys()].length + endpoints.table.size,
      addresses: addresses.list().length,
      identities: identities.list().length,
    };
  }

  /** Waits until there is what there was, but not for ever: devices go in groups, and the kernel takes its time to free what nobody has. */
  async settle(before: ReturnType<AgentLab['counts']>): Promise<void> {
    const isLeft = (): boolean => JSON.stringify(this.counts()) !== JSON.stringify(before);
    for (let turn = 0; turn < 200 && isLeft(); turn++) await setTimeout(100);
  }

  /** The same when nothing changes any more by itself, as descriptors do for some milliseconds after a change. */
  async restingCounts(): Promise<ReturnType<AgentLab['counts']>> {
    for (let turn = 0, before = ''; turn < 50; turn++) {
      const counts = this.counts();
      if (JSON.stringify(counts) === before) return counts;
      before = JSON.stringify(counts);
      await setTimeout(200);
    }
    throw new Error('the agent does not come to rest');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.talk.close();
    await this.stopAgent();
    for (const namespace of [...this.#namespaces, this.host, this.world]) namespace.remove();
    Datapath.remove(this.pins);
    rmSync(this.directory, { recursive: true, force: true });
  }
}
