/**
 * Filters of the command line as messages. An option about either end makes two filters, of which one suffices: one about the source,
 * one about the destination; all others are in both. What `--not` precedes makes filters of flows to leave out in the same way.
 */
import { create, equals, fromJsonString } from '@bufbuild/protobuf';
import { WaggleError } from '@waggle/bpf/messages';
import { type FlowFilter, FlowFilterSchema, IPVersion } from '@waggle/flows/hubble/client';
import type { GivenFilter } from './observe-filter-options.ts';
import * as values from './observe-values.ts';

/** What is wanted, and what is not. */
export interface WantedFlows {
  readonly whitelist: FlowFilter[];
  readonly blacklist: FlowFilter[];
}

type End = 'source' | 'destination';

/** Sets a field for a value. */
type Setter = (filter: FlowFilter, value: string, option: string) => void;

/**
 * The filters of options.
 * @throws WaggleError MALFORMED for the first value that cannot be.
 */
export function filtersOf(given: readonly GivenFilter[]): WantedFlows {
  const raw = (name: string): FlowFilter[] => given.filter((each) => each.name === name).map(rawFilter);
  const named = given.filter(({ name }) => name !== 'allowlist' && name !== 'denylist');
  return {
    whitelist: [...pairOf(named.filter(({ not }) => !not)), ...raw('allowlist')],
    blacklist: [...pairOf(named.filter(({ not }) => not)), ...raw('denylist')],
  };
}

function rawFilter({ name, value }: GivenFilter): FlowFilter {
  try {
    return fromJsonString(FlowFilterSchema, value);
  } catch (cause) {
    throw new WaggleError('MALFORMED', `--${name} ${value} is no FlowFilter`, {
      hint: `It is JSON, as '{"source_pod":["default/web"]}'`,
      cause,
    });
  }
}

/** The filter about the source and the one about the destination, or both in one where they are the same. */
function pairOf(given: readonly GivenFilter[]): FlowFilter[] {
  if (given.length === 0) return [];
  const [left, right] = [create(FlowFilterSchema), create(FlowFilterSchema)];
  // Namespaces go with names, which may come later.
  const isNamespace = ({ name }: GivenFilter): boolean =>
    name.endsWith('namespace') || name === 'all-namespaces';
  for (const each of given) if (!isNamespace(each)) apply(each, left, right);
  for (const each of given.filter(isNamespace)) apply(each, left, right);
  return equals(FlowFilterSchema, left, right) ? [left] : [left, right];
}

function apply({ name, value }: GivenFilter, left: FlowFilter, right: FlowFilter): void {
  const option = `--${name}`;
  const other = OTHERS[name];
  if (other) {
    for (const filter of [left, right]) other(filter, value, option);
    return;
  }
  const [, side, what = ''] = /^(from-|to-|all-)?(.+)$/.exec(name) ?? [];
  const set = what === 'namespaces' ? ENDS.namespace : ENDS[what];
  if (!set) throw new WaggleError('UNKNOWN_FIELD', `There is no filter ${option}`);
  const ends: readonly (readonly [FlowFilter, End])[] =
    side === 'from-'
      ? [left, right].map((filter) => [filter, 'source'])
      : side === 'to-'
        ? [left, right].map((filter) => [filter, 'destination'])
        : [
            [left, 'source'],
            [right, 'destination'],
          ];
  for (const [filter, end] of ends) set(end)(filter, value, option);
}

const list =
  (field: 'Label' | 'Fqdn' | 'Service' | 'ClusterName' | 'Pod') =>
  (end: End): Setter =>
  (filter, value) =>
    void filter[`${end}${field}`].push(value);

/** Of an end, by the option without its `from-` or `to-`. */
const ENDS: Readonly<Record<string, (end: End) => Setter>> = {
  pod: list('Pod'),
  label: list('Label'),
  fqdn: list('Fqdn'),
  service: list('Service'),
  cluster: list('ClusterName'),
  ip: (end) => (filter, value, option) => void filter[`${end}Ip`].push(values.address(value, option)),
  port: (end) => (filter, value, option) => void filter[`${end}Port`].push(values.port(value, option)),
  identity: (end) => (filter, value, option) =>
    void filter[`${end}Identity`].push(values.identity(value, option)),
  workload: (end) => (filter, value) => void filter[`${end}Workload`].push(values.workload(value)),
  // In whichever namespace it is.
  name: (end) => (filter, value) => void filter[`${end}Pod`].push(value.includes('/') ? value : `/${value}`),
  namespace: (end) => (filter, value) => {
    const names = filter[`${end}Pod`];
    const within = names.filter((name) => !name.includes('/') || name.startsWith('/'));
    const rest = names.filter((name) => !within.includes(name));
    const named = (within.length > 0 ? within : ['']).map((name) => `${value}/${name.replace(/^\//, '')}`);
    filter[`${end}Pod`] = [...rest, ...named];
  },
};

/** Of the flow, or of what saw it. */
const OTHERS: Readonly<Record<string, Setter>> = {
  verdict: (filter, value, option) => filter.verdict.push(values.verdict(value, option)),
  'drop-reason-desc': (filter, value, option) => filter.dropReasonDesc.push(values.dropReason(value, option)),
  'drop-reason': (filter, value, option) => filter.dropReasonDesc.push(values.dropReason(value, option)),
  type: (filter, value, option) => filter.eventType.push(values.eventType(value, option)),
  protocol: (filter, value, option) => filter.protocol.push(values.protocol(value, option)),
  'traffic-direction': (filter, value, option) =>
    filter.trafficDirection.push(values.direction(value, option)),
  'tcp-flags': (filter, value, option) => filter.tcpFlags.push(values.tcpFlags(value, option)),
  'ip-version': (filter, value, option) => filter.ipVersion.push(values.ipVersion(value, option)),
  ipv4: (filter) => filter.ipVersion.push(IPVersion.IPv4),
  ipv6: (filter) => filter.ipVersion.push(IPVersion.IPv6),
  encrypted: (filter) => filter.encrypted.push(true),
  unencrypted: (filter) => filter.encrypted.push(false),
  'snat-ip': (filter, value, option) => filter.sourceIpXlated.push(values.address(value, option)),
  interface: (filter, value) => filter.interface.push(values.networkInterface(value)),
  'node-name': (filter, value) => filter.nodeName.push(value),
  'node-label': (filter, value) => filter.nodeLabels.push(value),
  uuid: (filter, value) => filter.uuid.push(value),
  'http-status': (filter, value) => filter.httpStatusCode.push(value),
  'http-method': (filter, value) => filter.httpMethod.push(value),
  'http-path': (filter, value, option) => filter.httpPath.push(values.pattern(value, option)),
  'http-url': (filter, value, option) => filter.httpUrl.push(values.pattern(value, option)),
  'http-header': (filter, value, option) => filter.httpHeader.push(values.header(value, option)),
  'dns-query': (filter, value, option) => filter.dnsQuery.push(values.pattern(value, option)),
  'trace-id': (filter, value) => filter.traceId.push(value),
  'ip-trace-id': (filter, value, option) => filter.ipTraceId.push(values.traceNumber(value, option)),
  'cel-expression': (filter, value) => values.cel(filter).push(value),
};
