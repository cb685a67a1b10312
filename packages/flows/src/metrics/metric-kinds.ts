/**
 * The metrics of flows, under the field's names. Each makes a small number of a record, its key, without decoding anything; what labels
 * a key stands for is worked out when somebody asks.
 */
import { IpProtocol } from '@waggle/bpf';
import { EventType, matchName, pointName, Towards } from '@waggle/datapath/events';
import { icmpName } from '../decode/icmp-name.ts';
import type { PacketPeek } from '../decode/packet-peek.ts';
import { dropReasonOf, isTracedReply, verdictOf } from '../decode/record-facts.ts';
import type { FlowVerdict } from '../flow.ts';
import type { RecordView } from '../store/record.ts';
import { dropReasonLabel } from './drop-reason-label.ts';

export const METRIC_NAMES = ['drop', 'flow', 'policy', 'tcp', 'icmp', 'port-distribution'] as const;
export type MetricName = (typeof METRIC_NAMES)[number];

export interface MetricKind {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** What to count a record under; -1: not at all. */
  readonly keyOf: (record: RecordView, packet: PacketPeek) => number;
  /** The values of the labels for a key. */
  readonly valuesOf: (key: number) => readonly string[];
}

const VERDICTS: readonly FlowVerdict[] = [
  'forwarded',
  'dropped',
  'error',
  'audit',
  'redirected',
  'traced',
  'translated',
];
const verdictNumber = (record: RecordView): number => VERDICTS.indexOf(verdictOf(record));
const verdictWord = (number: number): string => (VERDICTS[number] ?? 'forwarded').toUpperCase();

const PROTOCOLS: Readonly<Record<number, string>> = {
  [IpProtocol.Icmp]: 'ICMPv4',
  [IpProtocol.Tcp]: 'TCP',
  [IpProtocol.Udp]: 'UDP',
  [IpProtocol.Icmpv6]: 'ICMPv6',
  [IpProtocol.Sctp]: 'SCTP',
};
const UNKNOWN_PROTOCOL = 255;
const protocolNumber = ({ protocol }: PacketPeek): number =>
  PROTOCOLS[protocol] === undefined ? UNKNOWN_PROTOCOL : protocol;
const protocolWord = (number: number): string => PROTOCOLS[number] ?? 'Unknown';

const wasForwarded = (record: RecordView): boolean => verdictOf(record) !== 'dropped';
const family = (version: number): string => (version === 6 ? 'IPv6' : 'IPv4');

/** Flags that say how connections begin and end, by bits FIN 1, SYN 2, RST 4, ACK 16. */
const FLAG_NAMES = ['FIN', 'SYN', 'SYN-ACK', 'RST'] as const;

function flagOf(flags: number): number {
  if ((flags & 2) !== 0) return (flags & 16) === 0 ? 1 : 2;
  if ((flags & 4) !== 0) return 3;
  return (flags & 1) === 0 ? -1 : 0;
}

export const METRIC_KINDS: Readonly<Record<MetricName, MetricKind>> = {
  drop: {
    name: 'hubble_drop_total',
    help: 'Packets that were dropped',
    labels: ['reason', 'protocol'],
    keyOf: (record, packet) =>
      record.type === EventType.Drop ? dropReasonOf(record) * 256 + protocolNumber(packet) : -1,
    valuesOf: (key) => [dropReasonLabel(key >>> 8), protocolWord(key & 0xff)],
  },
  flow: {
    name: 'hubble_flows_processed_total',
    help: 'Flows that were seen',
    labels: ['type', 'subtype', 'verdict', 'protocol'],
    keyOf: (record, packet) => {
      const subtype = record.type === EventType.Trace ? record.subtype : 0;
      return ((record.type * 256 + subtype) * 8 + verdictNumber(record)) * 256 + protocolNumber(packet);
    },
    valuesOf: (key) => {
      const [type, subtype] = [key >>> 19, (key >>> 11) & 0xff];
      return [
        type === EventType.Drop ? 'Drop' : type === EventType.Trace ? 'Trace' : 'PolicyVerdict',
        type === EventType.Trace ? pointName(subtype) : '',
        verdictWord((key >>> 8) & 7),
        protocolWord(key & 0xff),
      ];
    },
  },
  policy: {
    name: 'hubble_policy_verdicts_total',
    help: 'What policies said about new connections',
    labels: ['direction', 'match', 'action'],
    keyOf: (record) => {
      if (record.type !== EventType.PolicyVerdict) return -1;
      return (record.towards * 256 + record.reason) * 8 + verdictNumber(record);
    },
    valuesOf: (key) => [
      key >>> 11 === Towards.Endpoint ? 'ingress' : 'egress',
      matchName((key >>> 3) & 0xff).toLowerCase(),
      verdictWord(key & 7).toLowerCase(),
    ],
  },
  tcp: {
    name: 'hubble_tcp_flags_total',
    help: 'Segments of TCP that begin or end connections',
    labels: ['flag', 'family'],
    keyOf: (record, { flags, version }) => {
      if (flags < 0 || record.type !== EventType.Trace) return -1;
      const flag = flagOf(flags);
      return flag < 0 ? -1 : flag * 8 + version;
    },
    valuesOf: (key) => [FLAG_NAMES[key >>> 3] ?? '', family(key & 7)],
  },
  icmp: {
    name: 'hubble_icmp_total',
    help: 'Messages of ICMP',
    labels: ['family', 'type'],
    keyOf: (record, { icmpType, version }) =>
      icmpType < 0 || record.type !== EventType.Trace ? -1 : version * 256 + icmpType,
    valuesOf: (key) => {
      const type = key & 0xff;
      const name = icmpName(key >>> 8 === 6 ? 'ICMPv6' : 'ICMPv4', type);
      return [family(key >>> 8), name ?? `Type ${type}`];
    },
  },
  'port-distribution': {
    name: 'hubble_port_distribution_total',
    help: 'Packets that go to a port, replies left out',
    labels: ['protocol', 'port'],
    keyOf: (record, packet) => {
      if (packet.destinationPort < 0 || !wasForwarded(record)) return -1;
      if (record.type === EventType.Trace && isTracedReply(record) !== false) return -1;
      return packet.destinationPort * 256 + protocolNumber(packet);
    },
    valuesOf: (key) => [protocolWord(key & 0xff), String(key >>> 8)],
  },
};
