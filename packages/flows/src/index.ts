/** Flows: what the datapath sees, by name and with the rule that decided. */
export type { EndFilter, EventTypeFilter, FlowFilter } from './filter/flow-filter.ts';
export {
  type Flow,
  type FlowEndpoint,
  type FlowEthernet,
  FlowEventType,
  type FlowIp,
  type FlowPolicy,
  type FlowTransport,
  type FlowVerdict,
  PolicyMatchType,
  TCP_FLAGS,
  type TcpFlag,
  type TrafficDirection,
} from './flow.ts';
export { DEFAULT_MEGABYTES, FlowService, type FlowServiceOptions } from './flow-service.ts';
export { isSocketAlive } from './hubble/socket-alive.ts';
export type { EndpointName, NameChange, RuleName } from './names/names.ts';
export type {
  AgentEvent,
  EventQuery,
  FlowNamespace,
  FlowNode,
  FlowQuery,
  FlowSource,
  FlowStatus,
  LostEvents,
} from './source.ts';
export { FlowWorker, type FlowWorkerHooks } from './worker/flow-worker.ts';
export type { FlowWorkerOptions } from './worker/protocol.ts';
