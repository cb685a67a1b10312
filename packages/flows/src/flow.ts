/**
 * A flow: one thing that the datapath saw of a packet, by name and with the rule that decided. Plain data in the field's terms, so
 * that filters, Hubble's API, metrics and exports all speak of the same. What is not known is absent.
 */

import type { TcpFlagName } from '@waggle/datapath/events';

export { TCP_FLAGS, type TcpFlagName as TcpFlag } from '@waggle/datapath/events';

/** What happened to the packet. */
export type FlowVerdict =
  | 'forwarded'
  | 'dropped'
  | 'error'
  | 'audit'
  | 'redirected'
  | 'traced'
  | 'translated';

/** Which way, seen from the endpoint that it is about. */
export type TrafficDirection = 'ingress' | 'egress';

/** The field's numbers of event types; see {@link EventTypeFilter}. */
export const FlowEventType = { Drop: 1, Trace: 4, PolicyVerdict: 5 } as const;

/** The field's numbers of match types; on the wire they are the same. */
export const PolicyMatchType = {
  None: 0,
  L3Only: 1,
  L3L4: 2,
  L4Only: 3,
  All: 4,
  L3Protocol: 5,
  ProtocolOnly: 6,
} as const;

export interface FlowEthernet {
  /** MAC addresses. */
  readonly source: string;
  readonly destination: string;
}

export interface FlowIp {
  readonly version: 4 | 6;
  readonly source: string;
  /** The source after translation, where it was translated; `source` is what it was before. */
  readonly sourceTranslated?: string;
  readonly destination: string;
}

/** What IP carries. */
export type FlowTransport =
  | {
      readonly protocol: 'TCP';
      readonly sourcePort: number;
      readonly destinationPort: number;
      readonly flags: readonly TcpFlagName[];
    }
  | { readonly protocol: 'UDP'; readonly sourcePort: number; readonly destinationPort: number }
  | {
      readonly protocol: 'SCTP';
      readonly sourcePort: number;
      readonly destinationPort: number;
      /** The type of its first chunk. */
      readonly chunk?: number;
    }
  | { readonly protocol: 'ICMPv4' | 'ICMPv6'; readonly type: number; readonly code: number };

/** One end of a flow, as it was known when the packet was seen. */
export interface FlowEndpoint {
  /** Of an endpoint of this host; absent for all others. */
  readonly id?: number;
  /** 0 where it is not known. */
  readonly identity: number;
  /** `source:key=value`, sorted. */
  readonly labels: readonly string[];
  /** Of the label `k8s:io.kubernetes.pod.namespace`, where there is one. */
  readonly namespace?: string;
  /** Its name, without the namespace; the field's "pod name". */
  readonly name?: string;
  readonly clusterName?: string;
  readonly workloads?: readonly { readonly name: string; readonly kind: string }[];
}

/** A rule that decided, and where its author wrote it. */
export interface FlowPolicy {
  readonly name: string;
  readonly namespace?: string;
  readonly kind?: string;
  readonly labels: readonly string[];
  readonly file?: string;
  readonly line?: number;
}

export interface Flow {
  readonly kind: 'flow';
  /** In the order of events of one agent; 1 is the first. */
  readonly sequence: number;
  /** Nanoseconds since 1970. */
  readonly time: bigint;
  readonly nodeName: string;
  readonly verdict: FlowVerdict;
  /** Of a drop or a denial: the field's number, and its words. */
  readonly dropReason?: number;
  readonly dropReasonText?: string;
  readonly ethernet?: FlowEthernet;
  readonly ip?: FlowIp;
  readonly l4?: FlowTransport;
  readonly source: FlowEndpoint;
  readonly destination: FlowEndpoint;
  readonly eventType: {
    /** See {@link FlowEventType}. */
    readonly type: number;
    /** The drop reason, the trace point; 0 of a verdict. */
    readonly subtype: number;
  };
  readonly direction?: TrafficDirection;
  /** Of a policy verdict; see {@link PolicyMatchType}. */
  readonly policyMatchType?: number;
  /** Of a trace: the field's number of the place, from 0 (to-endpoint) on. */
  readonly tracePoint?: number;
  /** Of a trace: what the packet is to its connection, the field's number (0 new, 1 established, 2 reply, 3 related). */
  readonly traceReason?: number;
  /** Whether it answers; absent where that is not known. */
  readonly isReply?: boolean;
  readonly interface?: { readonly index: number; readonly name?: string };
  readonly proxyPort?: number;
  /** The rules that let it pass or dropped it, where it goes out and where it comes in. */
  readonly egressAllowedBy: readonly FlowPolicy[];
  readonly ingressAllowedBy: readonly FlowPolicy[];
  readonly egressDeniedBy: readonly FlowPolicy[];
  readonly ingressDeniedBy: readonly FlowPolicy[];
  /** Bytes of the whole packet. */
  readonly length: number;
  /** Its headers are cut off or contradict themselves: what could not be read is absent. */
  readonly malformed: boolean;
  /** For people: `TCP Flags: SYN`, `ICMPv4 EchoRequest`. */
  readonly summary: string;
}
