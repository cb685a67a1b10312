/** From a packet to its connection: the one that is known, or one that is decided about now. */
import { hton32, type Infer, type Ref, type TcContext, type u8, type u32 } from '@waggle/bpf';
import { isGroupAddress, MAPPED } from './addresses.bpf.ts';
import { clock } from './clock.bpf.ts';
import {
  advance,
  type Connection,
  connections4,
  findConnection,
  Generation,
  generations,
  goesOn,
} from './connection.bpf.ts';
import { decide } from './decide.bpf.ts';
import type { Flow, Tuple, Tuple4 } from './flow.bpf.ts';
import { Reason } from './reasons.ts';
import { isNews } from './trace.bpf.ts';

/** The connection of a packet; null for a packet that is refused, see `flow.refused`. */
export function follow(ctx: TcContext, flow: Infer<typeof Flow>): Ref<typeof Connection> | null {
  const generation = generations.lookup(Generation.InForce) ?? 0;
  const now = clock();
  const known = findConnection(flow.tuple);
  if (!known || !goesOn(known, flow, now)) return begin(ctx, flow, null, generation);
  if (known.generation !== generation) return begin(ctx, flow, known, generation);
  advance(known, flow, now);
  if (isNews(known, flow, now)) flow.isNews = 1;
  return known;
}

/** The same for IPv4, where the packet was read by readPlain4(). */
export function follow4(
  ctx: TcContext,
  flow: Infer<typeof Flow>,
  tuple: Infer<typeof Tuple4>,
): Ref<typeof Connection> | null {
  const generation = generations.lookup(Generation.InForce) ?? 0;
  const now = clock();
  const known = connections4.lookup(tuple);
  if (!known || !goesOn(known, flow, now)) return begin4(ctx, flow, tuple, null, generation);
  if (known.generation !== generation) return begin4(ctx, flow, tuple, known, generation);
  advance(known, flow, now);
  if (isNews(known, flow, now)) {
    flow.isNews = 1;
    lengthen(flow.tuple, tuple);
  }
  return known;
}

function begin4(
  ctx: TcContext,
  flow: Infer<typeof Flow>,
  tuple: Infer<typeof Tuple4>,
  before: Ref<typeof Connection> | null,
  generation: u32,
): Ref<typeof Connection> | null {
  lengthen(flow.tuple, tuple);
  return begin(ctx, flow, before, generation);
}

/** Decides about a packet. @returns its connection, or null when it is refused. */
function begin(
  ctx: TcContext,
  flow: Infer<typeof Flow>,
  before: Ref<typeof Connection> | null,
  generation: u32,
): Ref<typeof Connection> | null {
  flow.isFirst = before ? 0 : 1;
  flow.refused = before ? 0 : reasonNotToBegin(flow);
  if (flow.refused === 0) flow.refused = decide(ctx, flow, before, generation);
  if (flow.refused !== 0) return null;
  flow.refused = Reason.ConnectionTableFull;
  const connection = findConnection(flow.tuple);
  if (connection && isNews(connection, flow, clock())) flow.isNews = 1;
  return connection;
}

function reasonNotToBegin({ related, tuple }: Infer<typeof Flow>): u8 {
  if (isGroupAddress(tuple.high)) return Reason.MulticastHandled;
  // What is about no connection that we know is about nothing that was allowed.
  return related === 1 ? Reason.PolicyDenied : 0;
}

/** Makes the long key of a connection of IPv4. */
function lengthen(tuple: Infer<typeof Tuple>, tuple4: Infer<typeof Tuple4>): void {
  tuple.low[2] = hton32(MAPPED);
  tuple.low[3] = tuple4.low;
  tuple.high[2] = hton32(MAPPED);
  tuple.high[3] = tuple4.high;
  tuple.lowPort = tuple4.lowPort;
  tuple.highPort = tuple4.highPort;
}
