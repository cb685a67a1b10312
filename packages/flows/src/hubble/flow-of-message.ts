/** A flow of a message: the way back from flow-message.ts, for flows of files and of other servers. */
import {
  type Flow,
  type FlowEndpoint,
  type FlowPolicy,
  type FlowTransport,
  type FlowVerdict,
  TCP_FLAGS,
} from '../flow.ts';
import { SOURCE_LABEL, TRACE_REASONS } from './flow-message.ts';
import {
  type Endpoint,
  type Flow as FlowMessage,
  IPVersion,
  type Layer4,
  type Policy,
  TraceObservationPoint,
  TraceReason,
  TrafficDirection,
  Verdict,
} from './generated/flow/flow_pb.ts';
import { timeOf } from './timestamp.ts';

const VERDICTS: Partial<Record<Verdict, FlowVerdict>> = {
  [Verdict.FORWARDED]: 'forwarded',
  [Verdict.DROPPED]: 'dropped',
  [Verdict.ERROR]: 'error',
  [Verdict.AUDIT]: 'audit',
  [Verdict.REDIRECTED]: 'redirected',
  [Verdict.TRACED]: 'traced',
  [Verdict.TRANSLATED]: 'translated',
};

/** The flow. Its sequence number and its length are not in the message: they are 0. */
export function flowOf(message: FlowMessage): Flow {
  const { eventType, IP: ip, interface: device, traceObservationPoint: point } = message;
  const l4 = transportOf(message.l4);
  return {
    kind: 'flow',
    sequence: 0,
    time: message.time ? timeOf(message.time) : 0n,
    nodeName: message.nodeName,
    verdict: VERDICTS[message.verdict] ?? 'traced',
    ...(message.dropReason !== 0 && { dropReason: message.dropReason }),
    ...(message.ethernet && {
      ethernet: { source: message.ethernet.source, destination: message.ethernet.destination },
    }),
    ...(ip && {
      ip: {
        version: ip.ipVersion === IPVersion.IPv6 ? 6 : 4,
        source: ip.source,
        destination: ip.destination,
        ...(ip.sourceXlated !== '' && { sourceTranslated: ip.sourceXlated }),
      },
    }),
    ...(l4 && { l4 }),
    source: endOf(message.source),
    destination: endOf(message.destination),
    eventType: { type: eventType?.type ?? 0, subtype: eventType?.subType ?? 0 },
    ...(message.trafficDirection !== TrafficDirection.TRAFFIC_DIRECTION_UNKNOWN && {
      direction: message.trafficDirection === TrafficDirection.EGRESS ? 'egress' : 'ingress',
    }),
    ...(message.policyMatchType !== 0 && { policyMatchType: message.policyMatchType }),
    ...(point !== TraceObservationPoint.UNKNOWN_POINT && {
      tracePoint: point === TraceObservationPoint.TO_ENDPOINT ? 0 : point,
    }),
    ...traceReasonOf(message.traceReason),
    ...(message.isReply !== undefined && { isReply: message.isReply }),
    ...(device && { interface: { index: device.index, ...(device.name !== '' && { name: device.name }) } }),
    ...(message.proxyPort !== 0 && { proxyPort: message.proxyPort }),
    egressAllowedBy: message.egressAllowedBy.map(policyOf),
    ingressAllowedBy: message.ingressAllowedBy.map(policyOf),
    egressDeniedBy: message.egressDeniedBy.map(policyOf),
    ingressDeniedBy: message.ingressDeniedBy.map(policyOf),
    length: 0,
    malformed: false,
    summary: message.Summary,
  };
}

/** The datapath's number of it; see flow-message.ts. */
function traceReasonOf(reason: TraceReason): Pick<Flow, 'traceReason'> {
  const traceReason = reason === TraceReason.TRACE_REASON_UNKNOWN ? -1 : TRACE_REASONS.indexOf(reason);
  return traceReason === -1 ? {} : { traceReason };
}

function transportOf(l4: Layer4 | undefined): FlowTransport | undefined {
  const protocol = l4?.protocol;
  switch (protocol?.case) {
    case 'TCP': {
      const { sourcePort, destinationPort, flags } = protocol.value;
      return {
        protocol: 'TCP',
        sourcePort,
        destinationPort,
        flags: TCP_FLAGS.filter((flag) => flags?.[flag]),
      };
    }
    case 'UDP':
    case 'SCTP': {
      const { sourcePort, destinationPort } = protocol.value;
      return { protocol: protocol.case, sourcePort, destinationPort };
    }
    case 'ICMPv4':
    case 'ICMPv6': {
      const { type, code } = protocol.value;
      return { protocol: protocol.case, type, code };
    }
    default:
      return undefined;
  }
}

function endOf(end: Endpoint | undefined): FlowEndpoint {
  const { ID = 0, identity = 0, labels = [], namespace, podName, clusterName, workloads = [] } = end ?? {};
  return {
    ...(ID !== 0 && { id: ID }),
    identity,
    labels,
    ...(namespace && { namespace }),
    ...(podName && { name: podName }),
    ...(clusterName && { clusterName }),
    ...(workloads.length > 0 && { workloads: workloads.map(({ name, kind }) => ({ name, kind })) }),
  };
}

function policyOf({ name, namespace, kind, labels }: Policy): FlowPolicy {
  const source = labels.find((label) => label.startsWith(SOURCE_LABEL))?.slice(SOURCE_LABEL.length);
  const [, file = source, line] = /^(.*):(\d+)$/.exec(source ?? '') ?? [];
  return {
    name,
    ...(namespace !== '' && { namespace }),
    ...(kind !== '' && { kind }),
    labels: labels.filter((label) => !label.startsWith(SOURCE_LABEL)),
    ...(file !== undefined && { file }),
    ...(line !== undefined && { line: Number(line) }),
  };
}
