/** The tests of a filter that are about what happened, and about the packet: see FlowFilter for what each field means. */
import { IpProtocol, WaggleError } from '@waggle/bpf';
import { EventType } from '@waggle/datapath/events';
import { dropReasonOf, isTracedReply, subtypeOf, verdictOf } from '../decode/record-facts.ts';
import { type Flow, type FlowTransport, TCP_FLAGS, type TcpFlag, type TrafficDirection } from '../flow.ts';
import { flowUuid } from '../flow-uuid.ts';
import type { EventTypeFilter, FlowFilter } from './flow-filter.ts';
import { type FlowTest, NEVER } from './flow-test.ts';

type Values<Name extends keyof FlowFilter> = NonNullable<FlowFilter[Name]>;

export function verdictTest(values: Values<'verdict'>): FlowTest {
  const wanted = new Set(values);
  return {
    matches: ({ verdict }) => wanted.has(verdict),
    may: (record) => wanted.has(verdictOf(record)),
  };
}

export function dropReasonTest(values: Values<'dropReason'>): FlowTest {
  const wanted = new Set(values);
  return {
    matches: ({ dropReason = 0 }) => wanted.has(dropReason),
    may: (record) => wanted.has(dropReasonOf(record)),
  };
}

export function eventTypeTest(values: readonly EventTypeFilter[]): FlowTest {
  const isOneOf = (type: number, subtype: number): boolean =>
    values.some((wanted) => (wanted.type ?? type) === type && (wanted.subtype ?? subtype) === subtype);
  return {
    matches: ({ eventType: { type, subtype } }) => isOneOf(type, subtype),
    may: (record) => isOneOf(record.type, subtypeOf(record)),
  };
}

export function directionTest(values: readonly TrafficDirection[]): FlowTest {
  const wanted = new Set(values);
  return { matches: ({ direction }) => direction !== undefined && wanted.has(direction) };
}

export function replyTest(values: readonly boolean[]): FlowTest {
  const wanted = new Set(values);
  return {
    // Hubble's UI asks for what is no reply, and wants to see drops, of which nobody knows that.
    matches: ({ isReply, verdict }) =>
      isReply === undefined ? verdict === 'dropped' && wanted.has(false) : wanted.has(isReply),
    may: (record) => {
      if (record.type === EventType.Drop) return wanted.has(false);
      if (record.type !== EventType.Trace) return true;
      const isReply = isTracedReply(record);
      return isReply !== undefined && wanted.has(isReply);
    },
  };
}

export function interfaceTest(values: readonly string[]): FlowTest {
  const wanted = new Set(values);
  return { matches: (flow) => flow.interface?.name !== undefined && wanted.has(flow.interface.name) };
}

export function ipVersionTest(values: Values<'ipVersion'>): FlowTest {
  const wanted = new Set<number>(values);
  return {
    matches: ({ ip }) => wanted.has(ip?.version ?? 0),
    mayBePacket: ({ version }) => version === 0 || wanted.has(version),
  };
}

/** What a word for a protocol stands for: IANA's numbers, and what flows say. */
const PROTOCOLS: Readonly<
  Record<string, { numbers: readonly number[]; names: readonly FlowTransport['protocol'][] }>
> = {
  tcp: { numbers: [IpProtocol.Tcp], names: ['TCP'] },
  udp: { numbers: [IpProtocol.Udp], names: ['UDP'] },
  sctp: { numbers: [IpProtocol.Sctp], names: ['SCTP'] },
  icmp: { numbers: [IpProtocol.Icmp, IpProtocol.Icmpv6], names: ['ICMPv4', 'ICMPv6'] },
  icmpv4: { numbers: [IpProtocol.Icmp], names: ['ICMPv4'] },
  icmpv6: { numbers: [IpProtocol.Icmpv6], names: ['ICMPv6'] },
  // Known, and in no flow of layers 3 and 4.
  igmp: { numbers: [], names: [] },
  vrrp: { numbers: [], names: [] },
  http: { numbers: [], names: [] },
  dns: { numbers: [], names: [] },
  kafka: { numbers: [], names: [] },
};

/** @throws WaggleError MALFORMED for a protocol that nobody knows. */
export function protocolTest(values: readonly string[]): FlowTest {
  const known = values.map((value) => {
    const protocol = PROTOCOLS[value.toLowerCase()];
    if (protocol && Object.hasOwn(PROTOCOLS, value.toLowerCase())) return protocol;
    throw new WaggleError('MALFORMED', `There is no protocol "${value}" to filter by`, {
      hint: `Use one of ${Object.keys(PROTOCOLS).join(', ')}`,
    });
  });
  const names = new Set(known.flatMap((each) => each.names));
  const numbers = new Set(known.flatMap((each) => each.numbers));
  if (names.size === 0) return NEVER;
  return {
    matches: ({ l4 }) => l4 !== undefined && names.has(l4.protocol),
    mayBePacket: ({ protocol }) => protocol === -1 || numbers.has(protocol),
  };
}

/** @throws WaggleError MALFORMED for an unknown flag, or a set without any. */
export function tcpFlagsTest(sets: readonly (readonly TcpFlag[])[]): FlowTest {
  const wanted = sets.map((flags) => flags.reduce((bits, flag) => bits | bitOf(flag), 0));
  // An empty set asks for TCP, whatever its flags.
  const isOneOf = (bits: number): boolean => wanted.some((flags) => (bits & flags) === flags);
  return {
    matches: ({ l4 }) =>
      l4?.protocol === 'TCP' && isOneOf(l4.flags.reduce((bits, flag) => bits | bitOf(flag), 0)),
    mayBePacket: ({ protocol, flags }) => (flags === -1 ? protocol === -1 : isOneOf(flags)),
  };
}

function bitOf(flag: TcpFlag): number {
  const bit = TCP_FLAGS.indexOf(flag);
  if (bit >= 0) return 1 << bit;
  throw new WaggleError('MALFORMED', `There is no TCP flag "${flag}"`, {
    hint: `Use some of ${TCP_FLAGS.join(', ')}`,
  });
}

/** @throws WaggleError MALFORMED for what is no port. */
export function portTest(end: 'source' | 'destination', values: readonly string[]): FlowTest {
  const wanted = new Set(values.map(parsePort));
  const portOf = ({ l4 }: Flow): number => {
    if (!l4 || !('sourcePort' in l4)) return -1;
    return end === 'source' ? l4.sourcePort : l4.destinationPort;
  };
  return {
    matches: (flow) => wanted.has(portOf(flow)),
    mayBePacket: (packet) => {
      const port = end === 'source' ? packet.sourcePort : packet.destinationPort;
      return port === -1 ? packet.protocol === -1 : wanted.has(port);
    },
  };
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (port >= 0 && port <= 0xffff) return port;
  throw new WaggleError('MALFORMED', `"${text}" is no port`, { hint: 'It is a number from 0 to 65535' });
}

export function uuidTest(values: readonly string[]): FlowTest {
  const wanted = new Set(values.map((value) => value.toLowerCase()));
  return { matches: (flow) => wanted.has(flowUuid(flow)) };
}

/** Nothing is encrypted here. */
export const encryptedTest = (values: readonly boolean[]): FlowTest =>
  values.includes(false) ? { matches: () => true } : NEVER;

/**
 * Patterns of nodes: `node`, `cluster/node`, `cluster/`, with `*` for any part.
 * @param cluster - Of the node; `default` where nobody named it.
 */
export function nodeTest(patterns: readonly string[], cluster = 'default'): FlowTest {
  const wanted = patterns.map((pattern) => {
    const slash = pattern.indexOf('/');
    const node = pattern.slice(slash + 1);
    return { cluster: wildcard(slash < 0 ? '*' : pattern.slice(0, slash)), node: wildcard(node || '*') };
  });
  return {
    matches: ({ nodeName }) => wanted.some((each) => each.cluster.test(cluster) && each.node.test(nodeName)),
  };
}

function wildcard(pattern: string): RegExp {
  const escaped = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${escaped.join('.*')}$`);
}
