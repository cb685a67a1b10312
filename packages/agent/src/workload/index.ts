/** Workloads: their namespaces, and how they are joined to the host. */
export { containersOfCgroup, processOfContainer } from './containers.ts';
export {
  connectEndpoint,
  type EndpointNetwork,
  type EndpointNetworkSpec,
  routeToEndpoint,
  UNFINISHED,
} from './endpoint-network.ts';
export { GATEWAY, type Gateway } from './gateway.ts';
export { type EndpointDevice, HostNetworks, type HostNetworksOptions, hostNameOf } from './host-networks.ts';
export {
  HostChange,
  type HostNeeds,
  hostChanges,
  mergeChanges,
  planHost,
  prepareHost,
  restoreHost,
} from './host-preparation.ts';
export { createIsolatedHost, removeIsolatedHost } from './isolated-host.ts';
export { LinkWatch } from './link-watch.ts';
export { openPlace, placeText } from './open-place.ts';
export { type HostEnd, PairRemoval } from './pair-removal.ts';
