/**
 * A host for endpoints that is not this machine's own network: a named network namespace without a way to the world. It is what the
 * agent works on unless it is told a device.
 */
import { WaggleError } from '@waggle/bpf';
import { Network, NetworkNamespace } from '@waggle/kernel';

/**
 * Opens the isolated host of a name, making it if need be: it outlives the agent, with the endpoints in it.
 * @param name - As `ip netns` shows it: `waggle-…`.
 */
export function createIsolatedHost(name: string): NetworkNamespace {
  const host = openOrCreate(name);
  try {
    using network = Network.open(host);
    network.links.set('lo', { up: true });
    return host;
  } catch (error) {
    host.close();
    throw error;
  }
}

/** Removes an isolated host, with all pairs that end in it. That there is none is fine. */
export function removeIsolatedHost(name: string): void {
  const host = open(name);
  if (host === undefined) return;
  // Not left to the end of the namespace: a process that is still in it would keep its devices.
  using network = Network.open(host);
  for (const { index } of network.links.list({ kind: 'veth' })) {
    try {
      network.links.delete(index);
    } catch (error) {
      // It went with the other end of its pair.
      if (!(error instanceof WaggleError && error.code === 'NOT_FOUND')) throw error;
    }
  }
  host.remove();
}

function openOrCreate(name: string): NetworkNamespace {
  return open(name) ?? NetworkNamespace.create(name);
}

function open(name: string): NetworkNamespace | undefined {
  try {
    return NetworkNamespace.openByName(name);
  } catch (error) {
    if (!(error instanceof WaggleError)) throw error;
    if (error.code === 'NOT_FOUND') return undefined;
    if (error.code !== 'WRONG_TYPE') throw error;
    // A name without a namespace is what a creation leaves that was killed.
    NetworkNamespace.delete(name);
    return undefined;
  }
}
