/** What types of ICMP are called, in flows, metrics and packets that are shown. `@waggle/flows/icmp`. */

/** IANA's names, written as one word. */
const ICMP_TYPES: Readonly<Record<number, string>> = {
  0: 'EchoReply',
  3: 'DestinationUnreachable',
  4: 'SourceQuench',
  5: 'Redirect',
  8: 'EchoRequest',
  9: 'RouterAdvertisement',
  10: 'RouterSolicitation',
  11: 'TimeExceeded',
  12: 'ParameterProblem',
  13: 'TimestampRequest',
  14: 'TimestampReply',
};
const ICMPV6_TYPES: Readonly<Record<number, string>> = {
  1: 'DestinationUnreachable',
  2: 'PacketTooBig',
  3: 'TimeExceeded',
  4: 'ParameterProblem',
  128: 'EchoRequest',
  129: 'EchoReply',
  130: 'MulticastListenerQuery',
  131: 'MulticastListenerReport',
  132: 'MulticastListenerDone',
  133: 'RouterSolicitation',
  134: 'RouterAdvertisement',
  135: 'NeighborSolicitation',
  136: 'NeighborAdvertisement',
  137: 'Redirect',
  143: 'MulticastListenerReportV2',
};

/** The name of a type of ICMP; undefined of one that nobody sends any more, or that is none. */
export const icmpName = (protocol: 'ICMPv4' | 'ICMPv6', type: number): string | undefined =>
  (protocol === 'ICMPv6' ? ICMPV6_TYPES : ICMP_TYPES)[type];
