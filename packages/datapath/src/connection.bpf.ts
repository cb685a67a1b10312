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
  ktimeGetCoarseNs,
  lruHashMap,
  type Ref,
  struct,
  TcpFlag,
  u8,
  u32,
} from '@waggle/bpf';
import { type Flow, Tuple } from './flow.bpf.ts';

/** What has been seen of a connection; bits. */
export const Seen = {
  /** It was begun by the low end. */
  FromLow: 1,
  Reply: 2,
  EndOfLow: 4,
  EndOfHigh: 8,
  Reset: 16,
} as const;

/** What was told of packets that go one way: the last time, in seconds, and their TCP flags. */
export const Told = struct('told', { at: u32, flags: u8 });

export const Connection = struct(
  'connection',
  {
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
  },
  {
    methods: {
      /** Whether both ends have said that they are done, or one broke it off. */
      isOver(): bool {
        const ended = Seen.EndOfLow | Seen.EndOfHigh;
        return (this.seen & Seen.Reset) !== 0 || (this.seen & ended) === ended;
      },
    },
  },
);

export const MAX_CONNECTIONS = 524_288;
export const connections = lruHashMap({
  name: 'connections',
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

/** How long connections live without a packet, in seconds. */
export const Lifetime = { TcpBegun: 60, TcpEstablished: 21_600, TcpOver: 10, Other: 60 } as const;
/** A connection's end is put off only when it has come nearer by this much: writing costs more than reading. */
const SLACK = 4;
const NANOSECONDS = 1_000_000_000n;

/** Seconds since the machine was started. */
export function clock(): u32 {
  return u32(ktimeGetCoarseNs() / NANOSECONDS);
}

/** Notes a packet of a connection. */
export function advance(connection: Ref<typeof Connection>, flow: Infer<typeof Flow>, now: u32): void {
  const seen = u8(connection.seen | sightsOf(connection, flow));
  if (seen !== connection.seen) connection.seen = seen;
  const expires = now + lifetimeOf(connection, flow);
  if (expires < connection.expires || expires - connection.expires >= SLACK) connection.expires = expires;
}

function sightsOf(connection: Infer<typeof Connection>, flow: Infer<typeof Flow>): u8 {
  const upwards = flow.upwards === 1;
  let seen: u8 = 0;
  if (upwards !== ((connection.seen & Seen.FromLow) !== 0)) seen = Seen.Reply;
  if ((flow.tcpFlags & TcpFlag.Fin) !== 0) seen = u8(seen | (upwards ? Seen.EndOfLow : Seen.EndOfHigh));
  if ((flow.tcpFlags & TcpFlag.Rst) !== 0) seen = u8(seen | Seen.Reset);
  return seen;
}

function lifetimeOf(connection: Ref<typeof Connection>, flow: Infer<typeof Flow>): u32 {
  if (flow.tuple.protocol !== IpProtocol.Tcp) return Lifetime.Other;
  if (connection.isOver()) return Lifetime.TcpOver;
  return (connection.seen & Seen.Reply) !== 0 ? Lifetime.TcpEstablished : Lifetime.TcpBegun;
}
