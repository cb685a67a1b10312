/** waggle's programs for packets, and what user space writes for them. */
export { addressWords, prefixKey } from './address-words.ts';
export { endpoints, ipcache } from './addresses.bpf.ts';
export { anyPacket } from './any-packet.bpf.ts';
export { connections4, connections6, Generation, generations } from './connection.bpf.ts';
export type { ConnectionState, ConnectionView } from './connection-list.ts';
export {
  Datapath,
  type DatapathChange,
  type DatapathOptions,
  type EndpointView,
} from './datapath.ts';
export { device } from './device-config.bpf.ts';
export { DeviceLinks, type Sites } from './device-links.ts';
export { type Columns, columnsText, type MapRow, mapRows } from './dump/rows.ts';
export { fromEndpoint, ProgramIndex, programs, toEndpoint } from './endpoint.bpf.ts';
export type { EndpointSpec } from './endpoint-table.ts';
export { accounts, Event, EventType, events, monitoring, Point, TraceReason } from './event.bpf.ts';
export type {
  DatapathEvent,
  DropEvent,
  EventDirection,
  TraceEvent,
  VerdictEvent,
} from './events/event.ts';
export { type MatchName, type PointName, reasonName, type TraceState } from './events/names.ts';
export { type AggregationLevel, type MonitoringOptions, monitoringConfig } from './events/options.ts';
export { decodeIpPacket, decodePacket, type IpHeader, type Packet } from './events/packet.ts';
export type { IcmpHeader, SctpHeader, TcpHeader, UdpHeader } from './events/packet-transport.ts';
export { EventReader, type EventReaderOptions, type LostEvents } from './events/reader.ts';
export { GATEWAY_MAC } from './gateway.ts';
export { fromNetwork, toNetwork } from './host.bpf.ts';
export type { DeviceSpec, DeviceView, Masquerade } from './host-device.ts';
export { checkHostPort } from './host-ports.ts';
export { type DatapathMaps, type DatapathSizes, mapSpecs } from './layout.ts';
export { ranges } from './masquerade.bpf.ts';
export { translations } from './nat.bpf.ts';
export type { PeerUpdate, PeerView } from './peer-table.ts';
export type { OtherLayout, PinnedObject } from './pins.ts';
export {
  findPolicy,
  MAX_POLICIES,
  MAX_POLICY_ENTRIES,
  Match,
  PolicyKey,
  PolicyOwner,
  PolicyValue,
  policies,
  policy,
  Question,
  setOf,
  Towards,
  Verdict,
} from './policy.bpf.ts';
export {
  type InstalledEntry,
  type PolicyMapEntry,
  type PolicyMapKey,
  type PolicyMapTarget,
  policyKey,
  policyValue,
} from './policy-map.ts';
export type { PolicyUpdate } from './policy-sets.ts';
export { published } from './published.bpf.ts';
export {
  isSamePort,
  PUBLISHED_PROTOCOLS,
  type PublishedPort,
  type PublishedView,
  publishedPortText,
} from './published-ports.ts';
export { FIRST_DROP, Reason } from './reasons.ts';
export { metricOf, metrics } from './report.bpf.ts';
export { type Passage, SimulatedDatapath } from './simulated-datapath.ts';
export type { PortRange } from './source-ports.ts';
export { type TcpEnd, type TcpSegment, tcpFrame } from './tcp-frame.ts';
export type { TrafficCount, TrafficView } from './traffic-counts.ts';
export type { TranslationView } from './translation-list.ts';
