/**
 * A flow as Hubble's clients read it. Most of it is the same under the field's names; what is not: numbers of trace points and reasons
 * that a message cannot tell from absent are moved (`to-endpoint`, 0, is 101), and a rule carries the place where it was written as
 * a label, because the field's message has no room for it.
 */
import {
  type Flow,
  type FlowEndpoint,
  FlowEventType,
  type FlowIp,
  type FlowPolicy,
  type FlowTransport,
  type TcpFlag,
} from '../flow.ts';
import { flowUuid } from '../flow-uuid.ts';
import {
  AuthType,
  DebugCapturePoint,
  DropReason,
  type Endpoint,
  type Flow as FlowMessage,
  FlowType,
  type IP,
  IPVersion,
  type Layer4,
  type Policy,
  SocketTranslationPoint,
  type TCPFlags,
  TraceObservationPoint,
  TraceReason,
  TrafficDirection,
  Verdict,
} from './generated/flow/flow_pb.ts';
import { timestampOf } from './timestamp.ts';

/** The label of a rule that says where it was written: `waggle:source=policies/backend.yaml:12`. */
export const SOURCE_LABEL = 'waggle:source=';

const VERDICTS = {
  forwarded: Verdict.FORWARDED,
  dropped: Verdict.DROPPED,
  error: Verdict.ERROR,
  audit: Verdict.AUDIT,
  redirected: Verdict.REDIRECTED,
  traced: Verdict.TRACED,
  translated: Verdict.TRANSLATED,
} as const;

/** Values of an enum: a number of a flow may be none of them. */
const known = <T extends number>(values: Readonly<Record<string, T>>): Map<number, T> =>
  new Map(Object.values(values).map((value) => [value, value]));

const DROP_REASONS: ReadonlyMap<number, DropReason> = known(DropReason);
const TRACE_POINTS: ReadonlyMap<number, TraceObservationPoint> = known(TraceObservationPoint).set(
  0,
  TraceObservationPoint.TO_ENDPOINT,
);

const DIRECTIONS = { ingress: TrafficDirection.INGRESS, egress: TrafficDirection.EGRESS } as const;

/** By the datapath's number, pkg/monitor/api of the field: 4 and 5 say nothing any more. */
export const TRACE_REASONS: readonly TraceReason[] = [
  TraceReason.NEW,
  TraceReason.ESTABLISHED,
  TraceReason.REPLY,
  TraceReason.RELATED,
  TraceReason.REOPENED,
  TraceReason.TRACE_REASON_UNKNOWN,
  TraceReason.SRV6_ENCAP,
  TraceReason.SRV6_DECAP,
];

/** Makes the message of a flow. Written out with all its fields, which takes a quarter of the time that the library's `create` does. */
export function flowMessage(flow: Flow): FlowMessage {
  const { type, subtype } = flow.eventType;
  const isTrace = type === FlowEventType.Trace;
  return {
    $typeName: 'flow.Flow',
    time: { $typeName: 'google.protobuf.Timestamp', ...timestampOf(flow.time) },
    uuid: flowUuid(flow),
    verdict: VERDICTS[flow.verdict],
    dropReason: flow.dropReason ?? 0,
    dropReasonDesc: DROP_REASONS.get(flow.dropReason ?? 0) ?? DropReason.DROP_REASON_UNKNOWN,
    ...(flow.ethernet && { ethernet: { $typeName: 'flow.Ethernet', ...flow.ethernet } }),
    ...(flow.ip && { IP: ipMessage(flow.ip) }),
    ...(flow.l4 && { l4: transportMessage(flow.l4) }),
    source: endpointMessage(flow.source),
    destination: endpointMessage(flow.destination),
    Type: FlowType.L3_L4,
    nodeName: flow.nodeName,
    sourceNames: [],
    destinationNames: [],
    reply: flow.isReply ?? false,
    ...(flow.isReply !== undefined && { isReply: flow.isReply }),
    eventType: { $typeName: 'flow.CiliumEventType', type, subType: subtype },
    trafficDirection: flow.direction
      ? DIRECTIONS[flow.direction]
      : TrafficDirection.TRAFFIC_DIRECTION_UNKNOWN,
    policyMatchType: flow.policyMatchType ?? 0,
    traceObservationPoint:
      (isTrace ? TRACE_POINTS.get(flow.tracePoint ?? -1) : undefined) ?? TraceObservationPoint.UNKNOWN_POINT,
    traceReason: TRACE_REASONS[flow.traceReason ?? -1] ?? TraceReason.TRACE_REASON_UNKNOWN,
    debugCapturePoint: DebugCapturePoint.DBG_CAPTURE_POINT_UNKNOWN,
    ...(flow.interface && {
      interface: {
        $typeName: 'flow.NetworkInterface',
        index: flow.interface.index,
        name: flow.interface.name ?? '',
      },
    }),
    proxyPort: flow.proxyPort ?? 0,
    sockXlatePoint: SocketTranslationPoint.SOCK_XLATE_POINT_UNKNOWN,
    socketCookie: 0n,
    cgroupId: 0n,
    authType: AuthType.DISABLED,
    nodeLabels: [],
    egressAllowedBy: flow.egressAllowedBy.map(policyMessage),
    ingressAllowedBy: flow.ingressAllowedBy.map(policyMessage),
    egressDeniedBy: flow.egressDeniedBy.map(policyMessage),
    ingressDeniedBy: flow.ingressDeniedBy.map(policyMessage),
    policyLog: [],
    Summary: flow.summary,
  };
}

const ipMessage = ({ version, source, destination, sourceTranslated = '' }: FlowIp): IP => ({
  $typeName: 'flow.IP',
  source,
  destination,
  sourceXlated: sourceTranslated,
  ipVersion: version === 4 ? IPVersion.IPv4 : IPVersion.IPv6,
  encrypted: false,
});

function transportMessage(l4: FlowTransport): Layer4 {
  return { $typeName: 'flow.Layer4', protocol: protocolMessage(l4) };
}

function protocolMessage(l4: FlowTransport): Layer4['protocol'] {
  switch (l4.protocol) {
    case 'TCP': {
      const { sourcePort, destinationPort } = l4;
      const flags = flagsMessage(l4.flags);
      return { case: 'TCP', value: { $typeName: 'flow.TCP', sourcePort, destinationPort, flags } };
    }
    case 'UDP': {
      const { sourcePort, destinationPort } = l4;
      return { case: 'UDP', value: { $typeName: 'flow.UDP', sourcePort, destinationPort } };
    }
    case 'SCTP': {
      const { sourcePort, destinationPort } = l4;
      return { case: 'SCTP', value: { $typeName: 'flow.SCTP', sourcePort, destinationPort } };
    }
    case 'ICMPv4': {
      const { type, code } = l4;
      return { case: 'ICMPv4', value: { $typeName: 'flow.ICMPv4', type, code } };
    }
    case 'ICMPv6': {
      const { type, code } = l4;
      return { case: 'ICMPv6', value: { $typeName: 'flow.ICMPv6', type, code } };
    }
  }
}

function flagsMessage(flags: readonly TcpFlag[]): TCPFlags {
  const message: TCPFlags = {
    $typeName: 'flow.TCPFlags',
    FIN: false,
    SYN: false,
    RST: false,
    PSH: false,
    ACK: false,
    URG: false,
    ECE: false,
    CWR: false,
    NS: false,
  };
  for (const flag of flags) message[flag] = true;
  return message;
}

const endpointMessage = (end: FlowEndpoint): Endpoint => ({
  $typeName: 'flow.Endpoint',
  ID: end.id ?? 0,
  identity: end.identity,
  labels: [...end.labels],
  namespace: end.namespace ?? '',
  podName: end.name ?? '',
  clusterName: end.clusterName ?? '',
  workloads: (end.workloads ?? []).map(({ name, kind }) => ({ $typeName: 'flow.Workload', name, kind })),
});

const policyMessage = (policy: FlowPolicy): Policy => ({
  $typeName: 'flow.Policy',
  name: policy.name,
  namespace: policy.namespace ?? '',
  kind: policy.kind ?? '',
  labels: [...policy.labels, ...sourceLabel(policy)],
  revision: 0n,
});

function sourceLabel({ file, line }: FlowPolicy): string[] {
  if (file === undefined) return [];
  return [`${SOURCE_LABEL}${line === undefined ? file : `${file}:${line}`}`];
}
