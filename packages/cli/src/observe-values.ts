/** Values of the options that filter flows: what of them can be, and for all others a sentence that says what could. */
import { isIP, isIPv6 } from 'node:net';
import { create, type MessageShape } from '@bufbuild/protobuf';
import { nearest, WaggleError } from '@waggle/bpf/messages';
import {
  DropReason,
  EventTypeFilterSchema,
  type FlowFilter,
  FlowFilter_ExperimentalSchema,
  HTTPHeaderSchema,
  IPVersion,
  NetworkInterfaceSchema,
  TCPFlagsSchema,
  TraceObservationPoint,
  TrafficDirection,
  Verdict,
  WorkloadSchema,
} from '@waggle/flows/hubble/client';
import { RESERVED_IDENTITIES } from '@waggle/policy/identity';

/** An address or a prefix. */
export function address(text: string, option: string): string {
  const [host = '', length, ...more] = text.split('/');
  const bits = isIPv6(host) ? 128 : 32;
  const isLength = length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= bits);
  if (isIP(host) !== 0 && isLength && more.length === 0) return text;
  throw wrong(option, text, 'is no IP address or prefix', 'As 10.0.0.1, 10.0.0.0/8 or fd00::/8');
}

export function port(text: string, option: string): string {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return text;
  throw wrong(option, text, 'is no port', 'Ports are numbers from 0 to 65535');
}

/** Reserved identities by their names, and the one of packets that have none. */
const IDENTITIES: Readonly<Record<string, number>> = { unknown: 0, ...RESERVED_IDENTITIES };

/** What a reserved identity is called; undefined of others. */
export const identityName = (number: number): string | undefined =>
  Object.keys(IDENTITIES).find((name) => IDENTITIES[name] === number);

export function identity(text: string, option: string): number {
  const known = IDENTITIES[text.replace(/^reserved:/, '')];
  if (known !== undefined) return known;
  if (/^\d{1,10}$/.test(text) && Number(text) < 2 ** 32) return Number(text);
  const hint = `It is a number, or one of ${Object.keys(IDENTITIES).join(', ')}`;
  throw wrong(option, text, 'is no identity', hint);
}

export const verdict = (text: string, option: string): Verdict =>
  choice(Verdict, text.toUpperCase(), option, 'verdict', ['VERDICT_UNKNOWN']);

/** By its name, in either case and with spaces as events show it, or its number. */
export function dropReason(text: string, option: string): DropReason {
  const number = Object.values(DropReason).find((value) => String(value) === text);
  return number ?? choice(DropReason, text.toUpperCase().replace(/[ -]/g, '_'), option, 'drop reason');
}

export const direction = (text: string, option: string): TrafficDirection =>
  choice(TrafficDirection, text.toUpperCase(), option, 'traffic direction', ['TRAFFIC_DIRECTION_UNKNOWN']);

const PROTOCOLS = ['tcp', 'udp', 'sctp', 'icmp', 'icmpv4', 'icmpv6', 'dns', 'http', 'kafka'];

export function protocol(text: string, option: string): string {
  if (PROTOCOLS.includes(text.toLowerCase())) return text.toLowerCase();
  throw unknown(option, text, 'protocol', PROTOCOLS);
}

const VERSIONS: Readonly<Record<string, IPVersion>> = {
  '4': IPVersion.IPv4,
  v4: IPVersion.IPv4,
  ipv4: IPVersion.IPv4,
  '6': IPVersion.IPv6,
  v6: IPVersion.IPv6,
  ipv6: IPVersion.IPv6,
  none: IPVersion.IP_NOT_USED,
};

export function ipVersion(text: string, option: string): IPVersion {
  const known = VERSIONS[text.toLowerCase()];
  if (known !== undefined) return known;
  throw wrong(option, text, 'is no version of IP', 'Versions are v4 and v6');
}

const FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR', 'NS'] as const;

export function tcpFlags(text: string, option: string): MessageShape<typeof TCPFlagsSchema> {
  const flags = create(TCPFlagsSchema);
  for (const name of text.toUpperCase().split(',')) {
    const flag = FLAGS.find((each) => each === name);
    if (!flag)
      throw unknown(
        option,
        name.toLowerCase(),
        'TCP flag',
        FLAGS.map((each) => each.toLowerCase()),
      );
    flags[flag] = true;
  }
  return flags;
}

/** Types of events by the field's names and numbers. */
const TYPES: Readonly<Record<string, number>> = {
  drop: 1,
  capture: 3,
  trace: 4,
  'policy-verdict': 5,
  'trace-sock': 7,
  l7: 129,
};

export function eventType(text: string, option: string): MessageShape<typeof EventTypeFilterSchema> {
  const [name = '', subtype, ...more] = text.split(':');
  const type = TYPES[name] ?? (/^\d{1,3}$/.test(name) ? Number(name) : undefined);
  if (type === undefined || more.length > 0) throw unknown(option, text, 'event type', Object.keys(TYPES));
  if (subtype === undefined) return create(EventTypeFilterSchema, { type });
  const subType = subtypeOf(name, subtype, option, text);
  return create(EventTypeFilterSchema, { type, matchSubType: true, subType });
}

function subtypeOf(type: string, text: string, option: string, whole: string): number {
  if (/^\d{1,3}$/.test(text)) return Number(text);
  if (type === 'drop') return dropReason(text, option);
  if (type === 'trace') {
    const found = TRACE_POINTS.get(text);
    if (found !== undefined) return found;
    throw unknown(option, text, 'place of a trace', [...TRACE_POINTS.keys()]);
  }
  throw wrong(option, whole, 'has a subtype, which this type has not', `Leave out :${text}`);
}

/** Places where a trace is made, and their numbers in events; that of messages is another one for `to-endpoint`. */
const TRACE_POINTS: ReadonlyMap<string, number> = new Map(
  Object.entries(TraceObservationPoint)
    .filter(([, number]) => number !== TraceObservationPoint.UNKNOWN_POINT)
    .map(([name, number]) => [
      name.toLowerCase().replace('_', '-'),
      number === TraceObservationPoint.TO_ENDPOINT ? 0 : number,
    ]),
);

/** What a place is called by its number in events. */
export const tracePointName = (number: number): string | undefined =>
  [...TRACE_POINTS].find(([, each]) => each === number)?.[0];

export function workload(text: string): MessageShape<typeof WorkloadSchema> {
  const [kind, name] = text.includes('/') ? text.split('/') : ['', text];
  return create(WorkloadSchema, { kind: kind ?? '', name: name ?? '' });
}

export const networkInterface = (name: string): MessageShape<typeof NetworkInterfaceSchema> =>
  create(NetworkInterfaceSchema, { name });

export function header(text: string, option: string): MessageShape<typeof HTTPHeaderSchema> {
  const colon = text.indexOf(':');
  if (colon > 0) return create(HTTPHeaderSchema, { key: text.slice(0, colon), value: text.slice(colon + 1) });
  throw wrong(option, text, 'is no header', 'As name:value');
}

export function pattern(text: string, option: string): string {
  try {
    new RegExp(text);
    return text;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw wrong(option, text, `is no regular expression (${why})`, "As '^/page/\\d+'");
  }
}

export function traceNumber(text: string, option: string): bigint {
  if (/^[1-9]\d{0,18}$/.test(text)) return BigInt(text);
  throw wrong(option, text, 'is no number from 1 on', 'As 1234');
}

/** The expressions of a filter. */
export function cel(filter: FlowFilter): string[] {
  filter.experimental ??= create(FlowFilter_ExperimentalSchema);
  return filter.experimental.celExpression;
}

function choice<T extends number>(
  choices: Readonly<Record<string, T>>,
  name: string,
  option: string,
  what: string,
  besides: readonly string[] = [],
): T {
  const value = besides.includes(name) ? undefined : choices[name];
  if (value !== undefined) return value;
  throw unknown(
    option,
    name,
    what,
    Object.keys(choices).filter((each) => !besides.includes(each)),
  );
}

/** How many choices an error lists. */
const FEW = 14;

function unknown(option: string, text: string, what: string, choices: readonly string[]): WaggleError {
  const meant = nearest(text, choices);
  const all = choices.length <= FEW ? `There are ${choices.join(', ')}` : 'waggle help observe lists some';
  return wrong(option, text, `is no ${what}`, meant === undefined ? all : `Did you mean ${meant}?`);
}

const wrong = (option: string, text: string, what: string, hint: string): WaggleError =>
  new WaggleError('MALFORMED', `${option} ${JSON.stringify(text)} ${what}`, { hint });
