/** The network namespace that is an agent's host: its own by default, so that this machine's network is never touched unasked. */
import { createHash } from 'node:crypto';
import { WaggleError } from '@waggle/bpf';
import { Network, NetworkNamespace } from '@waggle/kernel';
import type { AgentOptions } from '../options.ts';
import type { StateDocument } from '../state/index.ts';
import {
  createIsolatedHost,
  type HostChange,
  type HostNeeds,
  mergeChanges,
  planHost,
  prepareHost,
} from '../workload/index.ts';

/** Which namespace it is, and what people call it. */
export interface Host {
  readonly namespace: NetworkNamespace;
  readonly description: string;
  /** The name of the namespace that was made for it. */
  readonly isolated?: string;
}

type HostOptions = Pick<AgentOptions, 'netns' | 'device' | 'state-dir'>;

/** What the isolated host of an agent is called: one for each state directory. */
export function isolatedName(stateDirectory: string): string {
  return `waggle-${createHash('sha256').update(stateDirectory).digest('hex').slice(0, 8)}`;
}

/**
 * Opens the host.
 * @throws WaggleError NOT_FOUND for a namespace or a device that is not there.
 */
export function openHost(options: HostOptions): Host {
  const { netns, device: devices } = options;
  const host = namespaceOf(options, netns);
  if (devices.length === 0) return host;
  try {
    using network = Network.open(host.namespace);
    const known = network.links.list().map(({ name }) => name);
    const missing = devices.find((name) => !known.includes(name));
    if (missing === undefined) return host;
    throw new WaggleError('NOT_FOUND', `The host has no device ${missing}.`, {
      hint: `It has ${known.join(', ')}`,
    });
  } catch (error) {
    host.namespace.close();
    throw error;
  }
}

/** What a host is to be prepared for. */
export const hostNeeds = (options: Pick<AgentOptions, 'device' | 'ipv4-pool' | 'ipv6-pool'>): HostNeeds => ({
  uplinks: options.device,
  ipv4: options['ipv4-pool'] !== 'none',
  ipv6: options['ipv6-pool'] !== 'none',
});

/** Prepares the host, after what is changed about it was remembered. @throws WaggleError; nothing has changed then. */
export function prepare(
  { namespace, isolated }: Host,
  options: Parameters<typeof hostNeeds>[0],
  document: StateDocument<HostChange[]>,
): void {
  const plan = planHost(namespace, hostNeeds(options));
  // Of the isolated host nothing has to be restored: it goes as a whole.
  if (isolated === undefined && plan.length > 0) document.saveNow(mergeChanges(document.found ?? [], plan));
  prepareHost(namespace, plan);
}

function namespaceOf({ device, ...options }: HostOptions, netns: string | undefined): Host {
  if (netns !== undefined) {
    const namespace = netns.includes('/')
      ? NetworkNamespace.openPath(netns)
      : NetworkNamespace.openByName(netns);
    return { namespace, description: `network namespace ${netns}` };
  }
  if (device.length > 0) return { namespace: NetworkNamespace.current(), description: 'this machine' };
  const isolated = isolatedName(options['state-dir']);
  return {
    namespace: createIsolatedHost(isolated),
    description: `network namespace ${isolated}, made for it`,
    isolated,
  };
}
