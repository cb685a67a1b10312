/** What the kernel has and nobody knows of any more: the state was discarded, or was older than the kernel. */
import type { Datapath } from '@waggle/datapath';
import type { NetworkNamespace } from '@waggle/kernel';
import { RESERVED_IDENTITIES } from '@waggle/policy';
import type { HostNetworks } from '../workload/index.ts';
import type { Endpoint } from './endpoint.ts';

/** Where strangers may be, and who is none. */
export interface StrangerPlaces {
  readonly host: NetworkNamespace;
  readonly datapath: Datapath;
  readonly networks: HostNetworks;
  readonly endpoints: Iterable<Endpoint>;
}

/**
 * Removes the programs, the devices and the policies of endpoints that are not known.
 * @returns the names of the devices.
 */
export function removeStrangers({ host, datapath, networks, endpoints }: StrangerPlaces): string[] {
  const known = [...endpoints];
  const devices = known.flatMap(({ device }) => device ?? []);
  const indexes = new Set(devices.map(({ interfaceIndex }) => interfaceIndex));
  for (const { device } of datapath.endpoints()) {
    if (!indexes.has(device)) host.run(() => datapath.removeEndpoint(device));
  }
  const strays = networks.removeStrays(devices);
  const identities = new Set([RESERVED_IDENTITIES.host, ...known.map(({ identity }) => identity)]);
  const policies = datapath.policyIdentities().filter((identity) => !identities.has(identity));
  if (policies.length > 0) {
    datapath.apply({ policies: policies.map((identity) => ({ identity, entries: null })) });
  }
  return strays;
}
