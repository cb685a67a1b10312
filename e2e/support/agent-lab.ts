/**
 * An agent on a host of its own: a namespace with an uplink to a world, and directories that go with it. Endpoints are namespaces,
 * as a container runtime makes them.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
import { Talk } from './talk.ts';

export const WORLD = { ipv4: '198.51.100.2', ipv6: '2001:db8:ffff::2' };
export const UPLINK = { ipv4: '198.51.100.1', ipv6: '2001:db8:ffff::1' };
export const POOLS = { ipv4: '10.92.0.0/16', ipv6: 'fd77:6167:676c:65::/64' };

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
      lab.#connectWorld();
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

  async [Symbol.asyncDispose](): Promise<void> {
    this.talk.close();
    await this.stopAgent();
    for (const namespace of [...this.#namespaces, this.host, this.world]) namespace.remove();
    Datapath.remove(this.pins);
    rmSync(this.directory, { recursive: true, force: true });
  }

  #connectWorld(): void {
    for (const namespace of [this.host, this.world]) {
      namespace.run(() => writeSysctl('net.ipv6.conf.default.accept_dad', 0));
      using network = Network.open(namespace);
      network.links.set('lo', { up: true });
    }
    using host = Network.open(this.host);
    using world = Network.open(this.world);
    host.links.create({
      kind: 'veth',
      name: 'uplink',
      up: true,
      peer: { name: 'eth0', namespace: this.world },
    });
    world.links.set('eth0', { up: true });
    for (const family of ['ipv4', 'ipv6'] as const) {
      const length = family === 'ipv4' ? 24 : 64;
      host.addresses.add('uplink', `${UPLINK[family]}/${length}`);
      world.addresses.add('eth0', `${WORLD[family]}/${length}`);
      world.routes.add({ destination: POOLS[family], via: UPLINK[family] });
    }
    this.host.run(() => writeSysctl('net.ipv4.conf.uplink.forwarding', 1));
  }
}
