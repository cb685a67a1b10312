/**
 * What Hubble's clients want to see, as a filter of ours. Every value is looked at, here or where filters are compiled, so that a
 * client reads in one sentence which of them cannot be, and what could.
 */
import { isIP, isIPv6 } from 'node:net';
import { WaggleError } from '@waggle/bpf/messages';
import type { EndFilter, EventTypeFilter, FlowFilter, IpVersionFilter } from '../filter/flow-filter.ts';
import { type FlowVerdict, TCP_FLAGS, type TcpFlag, type TrafficDirection } from '../flow.ts';
import {
  TrafficDirection as Direction,
  type FlowFilter as FilterMessage,
  IPVersion,
  type TCPFlags,
  Verdict,
  type Workload,
} from './generated/flow/flow_pb.ts';

/**
 * The filter of a message.
 * @throws WaggleError MALFORMED for a value that cannot be, NOT_SUPPORTED for what is never seen here.
 */
export const filterOf = (message: FilterMessage): FlowFilter => ({
  source: sourceOf(message),
  destination: destinationOf(message),
  direction: message.trafficDirection.map(directionOf),
  verdict: message.verdict.map(verdictOf),
  dropReason: message.dropReasonDesc,
  interface: message.interface.map(({ name }) => deviceOf(name)),
  eventType: message.eventType.map(
    ({ type, matchSubType, subType }): EventTypeFilter => ({
      // 0 is no type of events: any will do.
      ...(type !== 0 && { type }),
      ...(matchSubType && { subtype: subType }),
    }),
  ),
  protocol: message.protocol,
  reply: message.reply,
  tcpFlags: message.tcpFlags.map(flagsOf),
  nodeName: message.nodeName,
  nodeLabels: message.nodeLabels,
  ipVersion: message.ipVersion.map(versionOf),
  encrypted: message.encrypted,
  uuid: message.uuid,
  traceId: message.traceId,
  ipTraceId: message.ipTraceId,
  httpStatusCode: message.httpStatusCode,
  httpMethod: message.httpMethod,
  httpPath: message.httpPath,
  httpUrl: message.httpUrl,
  httpHeader: message.httpHeader.map(({ key, value }) => ({ key, value })),
  dnsQuery: message.dnsQuery,
  cel: message.experimental?.celExpression ?? [],
});

const sourceOf = (message: FilterMessage): EndFilter => ({
  ip: message.sourceIp.map(checkedAddress),
  ipTranslated: message.sourceIpXlated.map(checkedAddress),
  pod: message.sourcePod,
  fqdn: message.sourceFqdn,
  label: message.sourceLabel,
  service: message.sourceService,
  workload: message.sourceWorkload.map(workloadOf),
  identity: message.sourceIdentity,
  port: message.sourcePort.map(checkedPort),
  clusterName: message.sourceClusterName,
});

const destinationOf = (message: FilterMessage): EndFilter => ({
  ip: message.destinationIp.map(checkedAddress),
  pod: message.destinationPod,
  fqdn: message.destinationFqdn,
  label: message.destinationLabel,
  service: message.destinationService,
  workload: message.destinationWorkload.map(workloadOf),
  identity: message.destinationIdentity,
  port: message.destinationPort.map(checkedPort),
  clusterName: message.destinationClusterName,
});

function checkedAddress(text: string): string {
  const [address = '', length] = text.split('/');
  const bits = isIPv6(address) ? 128 : 32;
  const isLength = length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= bits);
  if (isIP(address) !== 0 && isLength && text.split('/').length <= 2) return text;
  throw malformed(`${JSON.stringify(text)} is no IP address`, 'As 10.0.0.1, 10.0.0.0/8 or fd00::/8');
}

function checkedPort(text: string): string {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return text;
  throw malformed(`${JSON.stringify(text)} is no port`, 'Ports are numbers from 0 to 65535');
}

const workloadOf = ({ name, kind }: Workload): { name?: string; kind?: string } => ({
  ...(name !== '' && { name }),
  ...(kind !== '' && { kind }),
});

function directionOf(direction: Direction): TrafficDirection {
  if (direction === Direction.INGRESS) return 'ingress';
  if (direction === Direction.EGRESS) return 'egress';
  throw malformed(`There is no traffic direction ${direction}`, 'INGRESS is 1, EGRESS is 2');
}

const VERDICTS: ReadonlyMap<Verdict, FlowVerdict> = new Map([
  [Verdict.FORWARDED, 'forwarded'],
  [Verdict.DROPPED, 'dropped'],
  [Verdict.ERROR, 'error'],
  [Verdict.AUDIT, 'audit'],
  [Verdict.REDIRECTED, 'redirected'],
  [Verdict.TRACED, 'traced'],
  [Verdict.TRANSLATED, 'translated'],
]);

function verdictOf(verdict: Verdict): FlowVerdict {
  const known = VERDICTS.get(verdict);
  if (known !== undefined) return known;
  throw malformed(`There is no verdict ${verdict}`, 'They go from FORWARDED, 1, to TRANSLATED, 7');
}

function deviceOf(name: string): string {
  if (name !== '') return name;
  throw malformed('An interface is filtered by its name, and none was given', 'As eth0');
}

function flagsOf(flags: TCPFlags): TcpFlag[] {
  // Its bit is not read: nobody sends it any more (RFC 8311).
  if (flags.NS) throw notSupported('The TCP flag NS is not observed', 'Leave it out of the filter');
  return TCP_FLAGS.filter((flag) => flags[flag]);
}

const VERSIONS: ReadonlyMap<IPVersion, IpVersionFilter> = new Map([
  [IPVersion.IP_NOT_USED, 0],
  [IPVersion.IPv4, 4],
  [IPVersion.IPv6, 6],
]);

function versionOf(version: IPVersion): IpVersionFilter {
  const known = VERSIONS.get(version);
  if (known !== undefined) return known;
  throw malformed(`There is no IP version ${version}`, 'IPv4 is 1, IPv6 is 2, and 0 is for flows without IP');
}

const malformed = (message: string, hint: string): WaggleError =>
  new WaggleError('MALFORMED', message, { hint });

const notSupported = (message: string, hint: string): WaggleError =>
  new WaggleError('NOT_SUPPORTED', message, { hint });
