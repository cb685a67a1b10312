/** Questions to the policy, and what came of them in words. */
import { WaggleError } from '@waggle/bpf';
import {
  type DirectionTrace,
  formatRange,
  formatReference,
  PROTOCOL_NUMBERS,
  type Trace,
} from '@waggle/policy';
import type { PolicyEnd } from '../../control.ts';
import type { Port } from '../models/common.ts';
import type { TraceFrom, TraceTo } from '../models/policy.ts';

/** A port to ask about; 0 and 0: all there are. */
export interface TracedPort {
  readonly protocol: number;
  readonly port: number;
}

/** Ports are TCP or UDP where nobody says which. */
const NUMBERS: Readonly<Record<NonNullable<Port['protocol']>, readonly number[]>> = {
  TCP: [PROTOCOL_NUMBERS.TCP],
  UDP: [PROTOCOL_NUMBERS.UDP],
  SCTP: [PROTOCOL_NUMBERS.SCTP],
  ICMP: [PROTOCOL_NUMBERS.ICMP],
  ICMPV6: [PROTOCOL_NUMBERS.ICMPv6],
  VRRP: [PROTOCOL_NUMBERS.VRRP],
  IGMP: [PROTOCOL_NUMBERS.IGMP],
  ANY: [PROTOCOL_NUMBERS.TCP, PROTOCOL_NUMBERS.UDP],
};

export function tracedPorts(ports: readonly Port[] = []): TracedPort[] {
  if (ports.length === 0) return [{ protocol: 0, port: 0 }];
  return ports.flatMap(({ protocol = 'ANY', port }) =>
    NUMBERS[protocol].map((number) => ({ protocol: number, port })),
  );
}

/**
 * Who is meant.
 *
 * @throws {@link WaggleError} MALFORMED unless it is said in one way.
 */
export function policyEnd(end: TraceFrom | TraceTo, name: 'from' | 'to'): PolicyEnd {
  const { labels, endpoint, identity, address } = end;
  const ways: PolicyEnd[] = [];
  if (labels !== undefined) ways.push({ labels });
  if (endpoint !== undefined) ways.push({ endpoint });
  if (identity !== undefined) ways.push({ identity });
  if (address !== undefined) ways.push({ address });
  const [way] = ways;
  if (way && ways.length === 1) return way;
  throw new WaggleError('MALFORMED', `${name} in the body must say in one way who is meant`, {
    hint: 'Give labels, endpoint, identity or address',
  });
}

/** What both ends say to a packet, in lines. */
export function traceLog({ protocol, port, verdict, directions }: Trace): string {
  const lines = directions.flatMap(directionLines).map((line) => `  ${line}\n`);
  return `${formatRange({ protocol, first: port, last: port })}: ${verdict}\n${lines.join('')}`;
}

function directionLines({
  direction,
  subject,
  verdict,
  decidedBy,
  rules,
  nearest,
}: DirectionTrace): string[] {
  const by = rules.length > 0 ? rules.map(formatReference).join(', ') : decidedBy;
  const misses = verdict === 'denied' ? nearest : [];
  return [
    `${direction} of identity ${subject}: ${verdict} (${by})`,
    ...misses.map(({ rule, text, advice }) => `  ${formatReference(rule)} ${text}. To allow it, ${advice}.`),
  ];
}
