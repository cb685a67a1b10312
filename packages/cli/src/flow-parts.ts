/** The parts of a flow as text: its ends, its type, what became of it. The words are the field's. */
import { DropReason, type Endpoint, type Flow, TrafficDirection, Verdict } from '@waggle/flows/hubble/client';
import { identityName, tracePointName } from './observe-values.ts';
import type { Colour, Style } from './output.ts';

export type End = 'source' | 'destination';

/** What an end is called: its namespace and name; undefined where it has no name. */
export function nameOf(flow: Flow, end: End): string | undefined {
  const service = end === 'source' ? flow.sourceService : flow.destinationService;
  const { namespace = '', podName = '' } = flow[end] ?? {};
  const name = service?.name || podName;
  if (name === '') return undefined;
  const within = service?.namespace || namespace;
  return within === '' ? name : `${within}/${name}`;
}

/** An end with its port: by its name, else its DNS names, else its address; without IP its MAC address. */
export function endText(flow: Flow, end: End, name: string | undefined): string {
  const port = portOf(flow, end);
  const address = flow.IP?.[end] ?? '';
  if (address === '') return flow.ethernet?.[end] || 'unknown';
  const [dnsName] = name === undefined ? [] : flow[`${end}Names`];
  const host = name ?? dnsName ?? address;
  if (port === undefined) return host;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The port of an end; undefined where the protocol has none. */
export function portOf({ l4 }: Flow, end: End): number | undefined {
  const protocol = l4?.protocol;
  if (protocol?.case !== 'TCP' && protocol?.case !== 'UDP' && protocol?.case !== 'SCTP') return undefined;
  return protocol.value[`${end}Port`];
}

/** `(ID:300)`, `(world)` */
export function identityText(flow: Flow, end: End): string {
  const { identity = 0 } = flow[end] ?? {};
  return `(${identityName(identity) ?? `ID:${identity}`})`;
}

/** Who an end is, for sentences: its name, else what its identity says, else its address. */
export function whoText(flow: Flow, end: End): string {
  const name = nameOf(flow, end);
  if (name !== undefined) return name;
  const { identity = 0 }: Partial<Endpoint> = flow[end] ?? {};
  const address = flow.IP?.[end] || 'an unknown address';
  const reserved = identity === 0 ? undefined : identityName(identity);
  return reserved === undefined ? address : `${reserved} (${address})`;
}

/** The field's numbers of event types. */
const DROP = 1;
const CAPTURE = 3;
const TRACE = 4;
const POLICY_VERDICT = 5;

/** By the number of the type of match; the words are the field's. */
const MATCHES = ['none', 'L3-Only', 'L3-L4', 'L4-Only', 'all', 'L3-Proto', 'Proto-Only'];

export const isPolicyVerdict = ({ eventType }: Flow): boolean => eventType?.type === POLICY_VERDICT;

/** `to-endpoint`, `policy-verdict:L3-L4 INGRESS`, `Policy denied` */
export function flowTypeText(flow: Flow): string {
  const { type = 0, subType = 0 } = flow.eventType ?? {};
  if (flow.l7) return `${flow.l7.record.case ?? 'l7'}-message`;
  switch (type) {
    case TRACE:
      return tracePointName(subType) ?? `trace:${subType}`;
    case DROP:
      return dropText(subType);
    case POLICY_VERDICT: {
      const direction = flow.trafficDirection === TrafficDirection.EGRESS ? 'EGRESS' : 'INGRESS';
      return `policy-verdict:${MATCHES[flow.policyMatchType] ?? flow.policyMatchType} ${direction}`;
    }
    case CAPTURE:
      return 'capture';
    default:
      return 'unknown event';
  }
}

/** `Policy denied`: the name of the reason in words. */
export function dropText(reason: number): string {
  if (reason === DropReason.POLICY_DENY) return 'Policy denied by denylist';
  const name = Object.entries(DropReason).find(([, number]) => number === reason)?.[0];
  if (name === undefined) return `Dropped for reason ${reason}`;
  const words = name
    .replace(/^DROP_/, '')
    .split('_')
    .map((word) => (KEPT.has(word) ? word : word.toLowerCase()));
  const text = words.join(' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Words that are names. */
const KEPT: ReadonlySet<string> = new Set(
  'MAC IP CT TCP L2 L3 L4 ICMPV4 ICMPV6 IPV6 NAT FIB EDT SNAT LB SRC VLAN VNI TC SID SRV6 NAT46 NAT64 ID DSR TTL IGMP CLUSTERIP'.split(
    ' ',
  ),
);

const COLOURS: Partial<Record<Verdict, Colour>> = {
  [Verdict.FORWARDED]: 'green',
  [Verdict.REDIRECTED]: 'green',
  [Verdict.DROPPED]: 'red',
  [Verdict.ERROR]: 'red',
  [Verdict.AUDIT]: 'yellow',
  [Verdict.TRACED]: 'yellow',
  [Verdict.TRANSLATED]: 'yellow',
};

/** What policies decide has words of its own. */
const DECIDED: Partial<Record<Verdict, string>> = {
  [Verdict.FORWARDED]: 'ALLOWED',
  [Verdict.REDIRECTED]: 'ALLOWED',
  [Verdict.DROPPED]: 'DENIED',
  [Verdict.ERROR]: 'DENIED',
  [Verdict.AUDIT]: 'AUDITED',
};

/** What became of it. @param style - Absent: without colours. */
export function verdictText(flow: Flow, style?: Style): string {
  const name = Object.entries(Verdict).find(([, number]) => number === flow.verdict)?.[0] ?? 'UNKNOWN';
  const word = (isPolicyVerdict(flow) ? DECIDED[flow.verdict] : undefined) ?? name;
  const colour = COLOURS[flow.verdict];
  return style && colour ? style.paint(colour, word) : word;
}
