/** A few flows as a lab would see them: a connection that is let through, its answer, and one that is not. */
import { type Flow, type FlowEndpoint, FlowEventType, PolicyMatchType } from '../../flow.ts';

/** 2026-01-02T03:04:05.678901234Z */
export const SAMPLE_TIME = 1_767_323_045_678_901_234n;

export const CLIENT: FlowEndpoint = {
  id: 11,
  identity: 300,
  labels: ['k8s:app=client', 'k8s:io.kubernetes.pod.namespace=default'],
  namespace: 'default',
  name: 'client',
};
export const BACKEND: FlowEndpoint = {
  id: 12,
  identity: 301,
  labels: ['k8s:app=backend', 'k8s:io.kubernetes.pod.namespace=default'],
  namespace: 'default',
  name: 'backend',
  clusterName: 'default',
  workloads: [{ name: 'backend', kind: 'Deployment' }],
};

const common = {
  kind: 'flow',
  nodeName: 'lab',
  source: CLIENT,
  destination: BACKEND,
  ethernet: { source: '02:00:00:00:00:01', destination: '02:00:00:00:00:02' },
  ip: { version: 4, source: '10.92.0.11', destination: '10.92.0.12' },
  l4: { protocol: 'TCP', sourcePort: 40_000, destinationPort: 8080, flags: ['SYN'] },
  egressAllowedBy: [],
  ingressAllowedBy: [],
  egressDeniedBy: [],
  ingressDeniedBy: [],
  length: 74,
  malformed: false,
  summary: 'TCP Flags: SYN',
} as const;

const RULE = {
  name: 'backend-api',
  namespace: 'default',
  kind: 'CiliumNetworkPolicy',
  labels: ['k8s:io.cilium.k8s.policy.name=backend-api'],
  file: 'policies/backend.yaml',
  line: 12,
} as const;

/** What policy said of the first packet. */
export const allowed: Flow = {
  ...common,
  sequence: 1,
  time: SAMPLE_TIME,
  verdict: 'forwarded',
  eventType: { type: FlowEventType.PolicyVerdict, subtype: 0 },
  direction: 'ingress',
  policyMatchType: PolicyMatchType.L3L4,
  isReply: false,
  ingressAllowedBy: [RULE],
};

/** The same packet on its way to the endpoint. */
export const delivered: Flow = {
  ...common,
  sequence: 2,
  time: SAMPLE_TIME + 1_000n,
  verdict: 'forwarded',
  eventType: { type: FlowEventType.Trace, subtype: 0 },
  direction: 'ingress',
  tracePoint: 0,
  traceReason: 0,
  isReply: false,
  interface: { index: 7, name: 'lxc12' },
};

/** The answer, on its way into the stack. */
export const answered: Flow = {
  ...common,
  sequence: 3,
  time: SAMPLE_TIME + 2_000n,
  source: BACKEND,
  destination: CLIENT,
  ip: { version: 4, source: '10.92.0.12', destination: '10.92.0.11' },
  l4: { protocol: 'TCP', sourcePort: 8080, destinationPort: 40_000, flags: ['SYN', 'ACK'] },
  verdict: 'forwarded',
  eventType: { type: FlowEventType.Trace, subtype: 3 },
  direction: 'egress',
  tracePoint: 3,
  traceReason: 2,
  isReply: true,
  summary: 'TCP Flags: SYN, ACK',
};

/** A packet that no rule allows. */
export const denied: Flow = {
  ...common,
  sequence: 4,
  time: SAMPLE_TIME + 1_000_000_000n,
  l4: { protocol: 'UDP', sourcePort: 40_001, destinationPort: 53 },
  verdict: 'dropped',
  dropReason: 133,
  dropReasonText: 'Policy denied',
  eventType: { type: FlowEventType.Drop, subtype: 133 },
  direction: 'ingress',
  isReply: false,
  summary: 'UDP',
};

/** A packet that a rule denies. */
export const refused: Flow = {
  ...denied,
  sequence: 5,
  time: SAMPLE_TIME + 2_000_000_000n,
  dropReason: 181,
  dropReasonText: 'Policy denied by denylist',
  eventType: { type: FlowEventType.Drop, subtype: 181 },
  ingressDeniedBy: [{ ...RULE, name: 'no-dns', line: 30 }],
};

/** An echo request over IPv6 to somewhere unknown, of which it is not known whether it answers. */
export const pinged: Flow = {
  ...common,
  sequence: 6,
  time: SAMPLE_TIME + 3_000_000_000n,
  destination: { identity: 2, labels: ['reserved:world'] },
  ip: { version: 6, source: 'fd77::b', destination: '2001:db8::1', sourceTranslated: 'fd00::1' },
  l4: { protocol: 'ICMPv6', type: 128, code: 0 },
  verdict: 'forwarded',
  eventType: { type: FlowEventType.Trace, subtype: 11 },
  tracePoint: 11,
  traceReason: 1,
  summary: 'ICMPv6 EchoRequest',
};

/** All of them, in the order of their times. */
export const sampleFlows: readonly Flow[] = [allowed, delivered, answered, denied, refused, pinged];
