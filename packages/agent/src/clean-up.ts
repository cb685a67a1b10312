/**
 * Removes everything of ours from a host: programs and maps, the devices of endpoints, the host that was made, and what was changed
 * about the host that was not. It finds what is there, whatever became of the agent that made it.
 */
import { existsSync, rmSync } from 'node:fs';
import { Datapath } from '@waggle/datapath';
import { NetworkNamespace } from '@waggle/kernel';
import { isolatedName, openHost } from './host/host.ts';
import { type AgentOptions, hubbleOf, socketOf } from './options.ts';
import { StateStore } from './state/index.ts';
import {
  type HostChange,
  HostNetworks,
  hostChanges,
  removeIsolatedHost,
  restoreHost,
} from './workload/index.ts';

/** Something of ours on a host. */
export interface CleanUpItem {
  readonly what: 'program or map' | 'device' | 'namespace' | 'kernel parameter' | 'socket' | 'state';
  readonly where: string;
}

export interface CleanUpOptions {
  /** Whether the agent shall forget everything, too: endpoints, addresses, identities, policies. */
  readonly state?: boolean;
  /** Only say what would be removed. */
  readonly dryRun?: boolean;
}

/**
 * Removes everything of ours.
 * @returns what was removed, or would be.
 * @throws WaggleError BUSY while an agent runs.
 */
export async function cleanUp(
  options: AgentOptions,
  { state = false, dryRun = false }: CleanUpOptions = {},
): Promise<CleanUpItem[]> {
  const directory = options['state-dir'];
  const isKnown = existsSync(directory);
  // It is what says that no agent runs, and what was changed.
  const store = isKnown ? StateStore.open(directory, { discard: [] }) : undefined;
  try {
    const changes = store?.document(hostChanges).found;
    const items = [
      ...removePins(options.pins, dryRun),
      ...(await removeDevices(options, changes ?? [], dryRun)),
      ...removeHost(isolatedName(directory), dryRun),
      ...[socketOf(options), hubbleOf(options)?.socket ?? []]
        .flat()
        .flatMap((socket) => removeFile('socket', socket, dryRun)),
    ];
    if (!state || !isKnown) return items;
    return [...items, ...removeFile('state', directory, dryRun)];
  } finally {
    if (existsSync(directory)) await store?.close();
  }
}

function removePins(pins: string, dryRun: boolean): CleanUpItem[] {
  const objects = dryRun ? Datapath.list(pins) : Datapath.remove(pins);
  return objects.map(({ path }) => ({ what: 'program or map', where: path }));
}

async function removeDevices(
  options: AgentOptions,
  changes: readonly HostChange[],
  dryRun: boolean,
): Promise<CleanUpItem[]> {
  // The isolated host goes as a whole, and must not be made for this.
  if (options.netns === undefined && options.device.length === 0) return [];
  const { namespace } = openHost({
    ...options,
    device: [],
    netns: options.netns ?? '/proc/thread-self/ns/net',
  });
  using host = namespace;
  let problem: Error | undefined;
  const networks = new HostNetworks({
    host,
    mtu: options.mtu,
    onVanished: () => {},
    onProblem: (each) => {
      problem = each;
    },
  });
  try {
    const devices = networks.removeStrays([], { dryRun });
    await networks.settle();
    if (problem !== undefined) throw problem;
    const undone = dryRun ? changes : restoreHost(host, changes);
    return [
      ...devices.map((where) => ({ what: 'device' as const, where })),
      ...undone.map(({ where, from, to }) => ({
        what: 'kernel parameter' as const,
        where: `${where} from ${to} to ${from}`,
      })),
    ];
  } finally {
    await networks.close();
  }
}

function removeHost(name: string, dryRun: boolean): CleanUpItem[] {
  if (!NetworkNamespace.list().some((each) => each.name === name)) return [];
  if (!dryRun) removeIsolatedHost(name);
  return [{ what: 'namespace', where: name }];
}

function removeFile(what: 'socket' | 'state', path: string, dryRun: boolean): CleanUpItem[] {
  if (!existsSync(path)) return [];
  if (!dryRun) rmSync(path, { recursive: true });
  return [{ what, where: path }];
}
