/** What numbers of events are called: the field's words. */
import { Point, TraceReason } from '../event.bpf.ts';
import { Match } from '../policy.bpf.ts';

/** Why packets are dropped, and what else is counted. */
const REASONS: Readonly<Record<number, string>> = {
  0: 'Forwarded',
  130: 'Invalid source mac',
  131: 'Invalid destination mac',
  132: 'Invalid source ip',
  133: 'Policy denied',
  134: 'Invalid packet',
  135: 'CT: Truncated or invalid header',
  136: 'Fragmentation needed',
  137: 'CT: Unknown L4 protocol',
  139: 'Unsupported L3 protocol',
  140: 'Missed tail call',
  141: 'Error writing to packet',
  142: 'Unknown L4 protocol',
  143: 'Unknown ICMPv4 code',
  144: 'Unknown ICMPv4 type',
  145: 'Unknown ICMPv6 code',
  146: 'Unknown ICMPv6 type',
  147: 'Error retrieving tunnel key',
  150: 'Unknown L3 target address',
  151: 'Stale or unroutable IP',
  153: 'Error while correcting L3 checksum',
  154: 'Error while correcting L4 checksum',
  155: 'CT: Map insertion failed',
  156: 'Invalid IPv6 extension header',
  157: 'IP fragmentation not supported',
  158: 'Service backend not found',
  160: 'No tunnel/encapsulation endpoint (datapath BUG!)',
  162: 'Reached EDT rate-limiting drop horizon',
  163: 'Unknown connection tracking state',
  164: 'Local host is unreachable',
  166: 'Unsupported L2 protocol',
  167: 'No mapping for NAT masquerade',
  168: 'Unsupported protocol for NAT masquerade',
  169: 'FIB lookup failed',
  170: 'Encapsulation traffic is prohibited',
  171: 'Invalid identity',
  172: 'Unknown sender',
  173: 'NAT not needed',
  174: 'Is a ClusterIP',
  175: 'First logical datagram fragment not found',
  176: 'Forbidden ICMPv6 message',
  177: 'Denied by LB src range check',
  178: 'Socket lookup failed',
  179: 'Socket assign failed',
  180: 'Proxy redirection not supported for protocol',
  181: 'Policy denied by denylist',
  182: 'VLAN traffic disallowed by VLAN filter',
  189: 'Authentication required',
  190: 'No conntrack map found',
  191: 'No nat map found',
  195: 'Unencrypted traffic',
  196: 'TTL exceeded',
  197: 'No node ID found',
  198: 'Rate limited',
  199: 'IGMP handled',
  200: 'IGMP subscribed',
  201: 'Multicast handled',
  202: 'Host datapath not ready',
  203: 'Endpoint policy program not available',
};

/** The words for a reason. */
export const reasonName = (reason: number): string => REASONS[reason] ?? `reason ${reason}`;

/** Where a packet was seen. */
export type PointName =
  | 'to-endpoint'
  | 'to-proxy'
  | 'to-host'
  | 'to-stack'
  | 'to-overlay'
  | 'from-endpoint'
  | 'from-proxy'
  | 'from-host'
  | 'from-stack'
  | 'from-overlay'
  | 'from-network'
  | 'to-network'
  | 'unknown';

const POINTS: Readonly<Record<number, PointName>> = {
  [Point.ToEndpoint]: 'to-endpoint',
  [Point.ToProxy]: 'to-proxy',
  [Point.ToHost]: 'to-host',
  [Point.ToStack]: 'to-stack',
  [Point.ToOverlay]: 'to-overlay',
  [Point.FromEndpoint]: 'from-endpoint',
  [Point.FromProxy]: 'from-proxy',
  [Point.FromHost]: 'from-host',
  [Point.FromStack]: 'from-stack',
  [Point.FromOverlay]: 'from-overlay',
  [Point.FromNetwork]: 'from-network',
  [Point.ToNetwork]: 'to-network',
};

export const pointName = (point: number): PointName => POINTS[point] ?? 'unknown';

/** What a traced packet is to its connection. */
export type TraceState = 'new' | 'established' | 'reply' | 'related' | 'unknown';

const STATES: Readonly<Record<number, TraceState>> = {
  [TraceReason.New]: 'new',
  [TraceReason.Established]: 'established',
  [TraceReason.Reply]: 'reply',
  [TraceReason.Related]: 'related',
};

export const traceState = (reason: number): TraceState => STATES[reason] ?? 'unknown';

/** What of a packet a policy entry names. */
export type MatchName = 'none' | 'L3-Only' | 'L3-L4' | 'L4-Only' | 'all' | 'L3-Proto' | 'Proto-Only';

const MATCHES: Readonly<Record<number, MatchName>> = {
  [Match.None]: 'none',
  [Match.Peer]: 'L3-Only',
  [Match.PeerAndPort]: 'L3-L4',
  [Match.Port]: 'L4-Only',
  [Match.All]: 'all',
  [Match.PeerAndProtocol]: 'L3-Proto',
  [Match.Protocol]: 'Proto-Only',
};

export const matchName = (match: number): MatchName => MATCHES[match] ?? 'none';
