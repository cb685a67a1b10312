/** What the endpoints of a host are made with: devices, programs, addresses, identities and policies, as far as they are asked. */
import type { EndpointSpec, PublishedPort } from '@waggle/datapath';
import type { LabelFilter } from '@waggle/policy';
import type { EndpointAddresses } from '../addresses/index.ts';
import type { NamespacePlace } from '../control.ts';
import type { IdentityTable } from '../identities/identity-table.ts';
import type { Enforcer } from '../policies/enforcer.ts';
import type { EndpointDevice } from '../workload/index.ts';
import type { Endpoint } from './endpoint.ts';

/** The devices of endpoints. */
export interface EndpointNetworks {
  /** Makes a veth pair into a namespace, through which nothing passes yet. Nothing is left behind when it throws. */
  connect(place: NamespacePlace, id: number, addresses: EndpointAddresses): EndpointDevice;
  /** Takes a device that somebody else has made. */
  take(device: { readonly name: string; readonly mac: string }): EndpointDevice;
  /** Lets packets pass at a device. */
  admit(device: EndpointDevice, addresses: EndpointAddresses): void;
  /** Whether the device is still the one that it was; `unfinished`: it may be that it was never admitted to the end. */
  find(device: EndpointDevice): 'gone' | 'unfinished' | 'there';
  /** Removes what was made; harmless when it is gone. */
  disconnect(device: EndpointDevice, addresses: EndpointAddresses): void;
}

/** What the datapath does for an endpoint. */
export interface EndpointPrograms {
  addEndpoint(spec: EndpointSpec): void;
  /** The same, with turns for others where the kernel lets it wait. */
  addEndpointInTurns(spec: EndpointSpec): Promise<void>;
  updateEndpoint(device: number, change: Pick<EndpointSpec, 'identity'>): void;
  /** Lets these ports of the host lead to it, and no others; forgotten when it is removed. */
  publish(device: number, ports: readonly PublishedPort[]): void;
  removeEndpoint(device: number): void;
}

/** The ports of the host that endpoints may publish. */
export interface HostPorts {
  /** @throws WaggleError for one that the host has not, or needs itself. */
  check(ports: readonly PublishedPort[], endpoint: EndpointAddresses): void;
}

/** The addresses of endpoints. */
export interface EndpointPools {
  allocate(owner: string): EndpointAddresses;
  take(address: string, owner: string): void;
  release(address: string): void;
}

export interface EndpointsOptions {
  readonly networks: EndpointNetworks;
  readonly programs: EndpointPrograms;
  readonly pools: EndpointPools;
  readonly ports: HostPorts;
  readonly identities: IdentityTable;
  readonly enforcer: Enforcer;
  readonly labelFilter: LabelFilter;
  /** Begins to bring them to disk. */
  readonly save: () => void;
  /** Told after every change, for those who follow. */
  readonly onChange: (endpoint: Endpoint, what: 'created' | 'changed' | 'deleted') => void;
  /** The number that the next endpoint gets. */
  readonly next?: number;
}
