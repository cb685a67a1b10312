/**
 * Connections: what was decided about the first packet, for all that follow in either direction. One look-up here is all that
 * an established packet costs.
 *
 * A decision is of a generation, that of policy and endpoints when it was made. When it has moved on, the next packet is decided
 * anew, so that what is no longer allowed ends at once.
 */
import {
  arrayMap,
  be16,
  type bool,
  bytes,
  type Infer,
  IpProtocol,
  lruHashMap,
  type Ref,
  struct,
  TcpFlag,
  u8,
  u32,
  zeroed,
} from '@waggle/bpf';
import { isMapped } from './addresses.bpf.ts';
import { type Flow, Tuple, Tuple4 } from './flow.bpf.ts';

/** What has been seen of a connection; bits. */
export const Seen = {
  /** It was begun by the low end. */
  FromLow: 1,
  Reply: 2,
  EndOfLow: 4,
  EndOfHigh: 8,
  Reset: 16,
  /** Something other than the first packet of a handshake. */
  Onward: 32,
} as const;

/** What was told of packets that go one way: the last time, in seconds, and their TCP flags. */
export const Told = struct('told', { at: u32, flags: u8 });

export const Connection = struct('connection', {
  /** Seconds of the coarse clock. */
  expires: u32,
  generation: u32,
  /** Where packets to each end go: the host's end of an endpoint's pair, or 0 for the host's own routes. */
  toLow: u32,
  toHigh: u32,
  lowMac: bytes(6),
  highMac: bytes(6),
  /** See {@link Seen}. */
  seen: u8,
  /** Whether rules in audit mode would have dropped it. */
  audit: u8,
  /** The port that policy was asked about. */
  port: be16,
  initiator: u32,
  responder: u32,
  /** Of the entries that let it pass, at either end; 0 where none was asked. */
  egressCookie: u32,
  ingressCookie: u32,
  /** What was told of packets from low to high, and from high to low. */
  toldUp: Told,
  toldDown: Told,
});

/** Of each family. */
export const MAX_CONNECTIONS = 262_144;
export const connections4 = lruHashMap({
  name: 'connections4',
  key: Tuple4,
  value: Connection,
  maxEntries: MAX_CONNECTIONS,
});
export const connections6 = lruHashMap({
  name: 'connections6',
  key: Tuple,
  value: Connection,
  maxEntries: MAX_CONNECTIONS,
});
/** What is at which index of {@link generations}. */
export const Generation = {
  /** The generation of policies, peers and endpoints; its lowest bit says which set of policies is in force. */
  InForce: 0,
  /** For user space: 1 while the two sets of policies differ. */
  Unsettled: 1,
} as const;
export const generations = arrayMap({ name: 'generations', value: u32, maxEntries: 2 });

/** The connection of a tuple, whatever its family. */
export function findConnection(tuple: Infer<typeof Tuple>): Ref<typeof Connection> | null {
  if (!isMapped(tuple.low)) return connections6.lookup(tuple);
  const tuple4 = zeroed(Tuple4);
  shorten(tuple4, tuple);
  return connections4.lookup(tuple4);
}

/** Puts a connection in place of what was known of it. @returns whether there is room. */
export function remember({ tuple }: Infer<typeof Flow>, connection: Infer<typeof Connection>): bool {
  if (!isMapped(tuple.low)) return connections6.update(tuple, connection) === 0;
  const tuple4 = zeroed(Tuple4);
  shorten(tuple4, tuple);
  return connections4.update(tuple4, connection) === 0;
}

/** Makes the short key of a connection of IPv4. */
export function shorten(tuple4: Infer<typeof Tuple4>, tuple: Infer<typeof Tuple>): void {
  tuple4.low = tuple.low[3] ?? 0;
  tuple4.high = tuple.high[3] ?? 0;
  tuple4.lowPort = tuple.lowPort;
  tuple4.highPort = tuple.highPort;
  tuple4.protocol = tuple.protocol;
}

/** How long connections live without a packet, in seconds. */
export const Lifetime = { TcpBegun: 60, TcpEstablished: 21_600, TcpOver: 10, Other: 60 } as const;
/** A connection's end is put off only when it has come nearer by this much: writing costs more than reading. */
const SLACK = 4;
/** What says more than that a connection goes on. */
const SIGNALS = TcpFlag.Fin | TcpFlag.Syn | TcpFlag.Rst;

/** Whether a packet belongs to a connection that we know, and does not begin another one where that has ended. */
export function goesOn(known: Ref<typeof Connection>, flow: Infer<typeof Flow>, now: u32): bool {
  if (known.expires <= now) return false;
  return (flow.tcpFlags & (TcpFlag.Syn | TcpFlag.Ack)) !== TcpFlag.Syn || !isOver(known.seen);
}

/** Notes a packet of a connection. Errors about its packets change nothing. */
export function advance(connection: Ref<typeof Connection>, flow: Infer<typeof Flow>, now: u32): void {
  if (flow.related === 1) return;
  const before = connection.seen;
  const seen = seenWith(before, flow);
  if (seen !== before) connection.seen = seen;
  const expires = now + lifetimeOf(seen, flow.tuple.protocol);
  // Where the end comes nearer, as it does when a connection is over, the difference is far above zero.
  if (expires - connection.expires >= SLACK) connection.expires = expires;
}

/** What has been seen of a connection, with one more packet. */
export function seenWith(seen: u8, flow: Infer<typeof Flow>): u8 {
  const { upwards, tcpFlags } = flow;
  const isReply = upwards !== (seen & Seen.FromLow);
  const since = u8(isReply ? seen | Seen.Reply : seen);
  if ((tcpFlags & SIGNALS) === 0) return u8(since | Seen.Onward);
  if ((tcpFlags & TcpFlag.Rst) !== 0) return u8(since | Seen.Reset);
  if ((tcpFlags & TcpFlag.Fin) !== 0) return u8(since | (upwards === 1 ? Seen.EndOfLow : Seen.EndOfHigh));
  return since;
}

/** Whether both ends have said that they are done, or one broke it off. */
export function isOver(seen: u8): bool {
  const ended = Seen.EndOfLow | Seen.EndOfHigh;
  return (seen & Seen.Reset) !== 0 || (seen & ended) === ended;
}

/** How long a connection lives without another packet. */
export function lifetimeOf(seen: u8, protocol: u8): u32 {
  if (protocol !== IpProtocol.Tcp) return Lifetime.Other;
  const established = Seen.Reply | Seen.Onward;
  if (isOver(seen)) return Lifetime.TcpOver;
  return (seen & established) === established ? Lifetime.TcpEstablished : Lifetime.TcpBegun;
}
