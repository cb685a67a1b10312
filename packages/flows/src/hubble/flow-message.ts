/**
 * A flow as Hubble's clients read it. Most of it is the same under the field's names; what is not: numbers of trace points and reasons
 * that a message cannot tell from absent are moved (`to-endpoint`, 0, is 101), and a rule carries the place where it was written as
 * a label, because the field's message has no room for it.
 */
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { type Flow, type FlowEndpoint, FlowEventType, type FlowPolicy, type FlowTransport } from '../flow.ts';
import { flowUuid } from '../flow-uuid.ts';
import { enumValue } from './enum-value.ts';
import {
  DropReason,
  type EndpointSchema,
  type Flow as FlowMessage,
  FlowSchema,
  FlowType,
  IPVersion,
  type Layer4Schema,
  type PolicySchema,
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

/** Makes the message of a flow. */
export function flowMessage(flow: Flow): FlowMessage {
  const { type, subtype } = flow.eventType;
  const isTrace = type === FlowEventType.Trace;
  return create(FlowSchema, {
    time: timestampOf(flow.time),
    uuid: flowUuid(flow),
    verdict: VERDICTS[flow.verdict],
    dropReason: flow.dropReason ?? 0,
    dropReasonDesc: enumValue(DropReason, flow.dropReason) ?? DropReason.DROP_REASON_UNKNOWN,
    ...(flow.ethernet && { ethernet: { ...flow.ethernet } }),
    ...(flow.ip && { IP: ipMessage(flow.ip) }),
    ...(flow.l4 && { l4: transportMessage(flow.l4) }),
    source: endpointMessage(flow.source),
    destination: endpointMessage(flow.destination),
    Type: FlowType.L3_L4,
    nodeName: flow.nodeName,
    eventType: { type, subType: subtype },
    ...(flow.direction && { trafficDirection: DIRECTIONS[flow.direction] }),
    policyMatchType: flow.policyMatchType ?? 0,
    traceObservationPoint: isTrace ? tracePoint(flow.tracePoint) : TraceObservationPoint.UNKNOWN_POINT,
    traceReason: TRACE_REASONS[flow.traceReason ?? -1] ?? TraceReason.TRACE_REASON_UNKNOWN,
    ...(flow.isReply !== undefined && { isReply: flow.isReply, reply: flow.isReply }),
    ...(flow.interface && { interface: { index: flow.interface.index, name: flow.interface.name ?? '' } }),
    proxyPort: flow.proxyPort ?? 0,
    egressAllowedBy: flow.egressAllowedBy.map(policyMessage),
    ingressAllowedBy: flow.ingressAllowedBy.map(policyMessage),
    egressDeniedBy: flow.egressDeniedBy.map(policyMessage),
    ingressDeniedBy: flow.ingressDeniedBy.map(policyMessage),
    Summary: flow.summary,
  });
}

function ipMessage({ version, source, destination, sourceTranslated = '' }: NonNullable<Flow['ip']>) {
  return {
    source,
    destination,
    sourceXlated: sourceTranslated,
    ipVersion: version === 4 ? IPVersion.IPv4 : IPVersion.IPv6,
  };
}

function transportMessage(l4: FlowTransport): MessageInitShape<typeof Layer4Schema> {
  switch (l4.protocol) {
    case 'TCP': {
      const { sourcePort, destinationPort } = l4;
      const flags = Object.fromEntries(l4.flags.map((flag) => [flag, true]));
      return { protocol: { case: 'TCP', value: { sourcePort, destinationPort, flags } } };
    }
    case 'UDP':
    case 'SCTP': {
      const { sourcePort, destinationPort } = l4;
      return { protocol: { case: l4.protocol, value: { sourcePort, destinationPort } } };
    }
    case 'ICMPv4':
    case 'ICMPv6': {
      const { type, code } = l4;
      return { protocol: { case: l4.protocol, value: { type, code } } };
    }
  }
}

const endpointMessage = (end: FlowEndpoint): MessageInitShape<typeof EndpointSchema> => ({
  ID: end.id ?? 0,
  identity: end.identity,
  labels: [...end.labels],
  namespace: end.namespace ?? '',
  podName: end.name ?? '',
  clusterName: end.clusterName ?? '',
  workloads: (end.workloads ?? []).map(({ name, kind }) => ({ name, kind })),
});

const policyMessage = (policy: FlowPolicy): MessageInitShape<typeof PolicySchema> => ({
  name: policy.name,
  namespace: policy.namespace ?? '',
  kind: policy.kind ?? '',
  labels: [...policy.labels, ...sourceLabel(policy)],
});

function sourceLabel({ file, line }: FlowPolicy): string[] {
  if (file === undefined) return [];
  return [`${SOURCE_LABEL}${line === undefined ? file : `${file}:${line}`}`];
}

function tracePoint(point: number | undefined): TraceObservationPoint {
  if (point === 0) return TraceObservationPoint.TO_ENDPOINT;
  return enumValue(TraceObservationPoint, point) ?? TraceObservationPoint.UNKNOWN_POINT;
}
