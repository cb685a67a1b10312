export {
  formatAddress,
  formatIpv4,
  formatMac,
  formatPrefix,
  hostPrefix,
  type IpAddress,
  type IpFamily,
  type IpPrefix,
  networkOf,
  parseAddress,
  parseIpv4,
  parseMac,
  parseNetwork,
  parsePrefix,
} from './addresses.ts';
export type { Device, NamespaceTarget } from './device.ts';
export type { Change, NetworkEvent, Topic } from './events.ts';
export type { Fdb, FdbEntry, FdbSpec } from './fdb.ts';
export type { Direction, Filter, FilterPlace, FilterSpec, Filters } from './filters.ts';
export type {
  InterfaceAddress,
  InterfaceAddresses,
  InterfaceAddressFilter,
  InterfaceAddressFlag,
  InterfaceAddressOptions,
} from './interface-addresses.ts';
export type {
  Link as NetworkLink,
  LinkCounters,
  LinkFlag,
  LinkXdp,
  MacvlanMode,
  OperationalState,
  VxlanProperties,
} from './link.ts';
export type {
  BridgeSpec,
  CommonLinkSpec,
  DummySpec,
  LinkSpec,
  LocalLinkSpec,
  MacvlanSpec,
  VethPeerSpec,
  VethSpec,
  VxlanSpec,
} from './link-spec.ts';
export type { LinkChanges, LinkFilter, Links } from './links.ts';
export { type NamespaceName, NetworkNamespace, type Section } from './namespace.ts';
export type { Neighbour, NeighbourFilter, NeighbourSpec, NeighbourState, Neighbours } from './neighbours.ts';
export { Network } from './network.ts';
export type { Offload, Offloads } from './offloads.ts';
export type { Qdisc, QdiscSpec, Qdiscs } from './qdiscs.ts';
export type { NextHop, Route, RouteProtocol, RouteTable, RouteType, Scope } from './route.ts';
export type { NextHopSpec, RouteSpec } from './route-spec.ts';
export type { RouteFilter, RouteQuery, Routes } from './routes.ts';
export type { Rule, RuleAction, RuleSpec, Rules } from './rules.ts';
