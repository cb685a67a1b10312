/**
 * Which flows are wanted: Hubble's FlowFilter. Of one filter all fields that are given must hold (AND), of a list of values one (OR);
 * of several filters one (OR). A field that is absent, or an empty list, says nothing.
 */
import type { FlowVerdict, TcpFlag, TrafficDirection } from '../flow.ts';

/** A type of events, a subtype, or both. */
export interface EventTypeFilter {
  /** 1 drop, 4 trace, 5 policy verdict, 129 access log; absent: any. */
  readonly type?: number;
  readonly subtype?: number;
}

/** What can be asked of one end of a flow. */
export interface EndFilter {
  /** Addresses and prefixes: `10.0.0.1`, `10.0.0.0/8`, `fd00::/8`. */
  readonly ip?: readonly string[];
  /** The same, of the source after translation; of destinations nothing is translated here. */
  readonly ipTranslated?: readonly string[];
  /** `namespace/prefix-of-a-name`, `namespace/`, or `name` in the namespace default. */
  readonly pod?: readonly string[];
  /** Names that DNS gave, `*` stands for any part. */
  readonly fqdn?: readonly string[];
  /** Label selectors: `app=web,env in (a, b),!canary`. */
  readonly label?: readonly string[];
  /** `namespace/prefix`. */
  readonly service?: readonly string[];
  readonly workload?: readonly { readonly name?: string; readonly kind?: string }[];
  readonly identity?: readonly number[];
  /** Decimal. */
  readonly port?: readonly string[];
  readonly clusterName?: readonly string[];
}

/** 0 is for flows without IP. */
export type IpVersionFilter = 0 | 4 | 6;

export interface FlowFilter {
  readonly source?: EndFilter;
  readonly destination?: EndFilter;
  readonly direction?: readonly TrafficDirection[];
  readonly verdict?: readonly FlowVerdict[];
  /** The field's numbers of drop reasons. */
  readonly dropReason?: readonly number[];
  /** Names of devices. */
  readonly interface?: readonly string[];
  readonly eventType?: readonly EventTypeFilter[];
  /** `tcp`, `udp`, `icmp`, `icmpv4`, `icmpv6`, `sctp`, `http`, `dns`, `kafka`: whatever the case. */
  readonly protocol?: readonly string[];
  readonly reply?: readonly boolean[];
  /** Sets of flags: one set must be on as a whole. */
  readonly tcpFlags?: readonly (readonly TcpFlag[])[];
  /** Patterns `cluster/node`, `node`, `cluster/`, `*` stands for any part of a name. */
  readonly nodeName?: readonly string[];
  /** Label selectors. */
  readonly nodeLabels?: readonly string[];
  readonly ipVersion?: readonly IpVersionFilter[];
  readonly encrypted?: readonly boolean[];
  readonly uuid?: readonly string[];
  readonly traceId?: readonly string[];
  readonly ipTraceId?: readonly bigint[];
  /** Of HTTP and DNS: only flows of layer 7 have them, so that nothing else matches. */
  readonly httpStatusCode?: readonly string[];
  readonly httpMethod?: readonly string[];
  readonly httpPath?: readonly string[];
  readonly httpUrl?: readonly string[];
  readonly httpHeader?: readonly { readonly key: string; readonly value: string }[];
  readonly dnsQuery?: readonly string[];
  /** Expressions of CEL: refused with a sentence that says so. */
  readonly cel?: readonly string[];
}
