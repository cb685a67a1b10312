/**
 * From a packet to its connection: the one that is known, or one that is decided about now. At the device of an endpoint the packet
 * is from it, or for it; what says otherwise belongs to no connection. Connections know the devices of their ends, so that costs
 * a comparison, and one program serves all endpoints.
 */
import type { bool, Infer, Ref, TcContext, u8, u32 } from '@waggle/bpf';
import { isGroupAddress } from './addresses.bpf.ts';
import { clock } from './clock.bpf.ts';
import {
  advance,
  type Connection,
  findConnection,
  Generation,
  generations,
  goesOn,
} from './connection.bpf.ts';
import { decide, Here, notHere } from './decide.bpf.ts';
import type { Flow } from './flow.bpf.ts';
import { Reason } from './reasons.ts';
import { isNews, noteNews } from './trace.bpf.ts';

/**
 * The connection of a packet; null for a packet that is refused, see `flow.refused`.
 *
 * @param here - Which of its ends has to be the endpoint at this device.
 */
export function follow(ctx: TcContext, flow: Infer<typeof Flow>, here: u8): Ref<typeof Connection> | null {
  const generation = generations.lookup(Generation.InForce) ?? 0;
  const now = clock();
  const known = findConnection(flow.tuple);
  const before = known && goesOn(known, flow, now) ? known : null;
  const isDecided = before !== null && before.generation === generation;
  const connection = isDecided ? before : begin(ctx, flow, before, generation, here);
  if (!connection) return null;
  if (isDecided) {
    if (!isAtDevice(ctx, connection, flow, here)) {
      flow.refused = notHere(here);
      return null;
    }
    advance(connection, flow, now);
  }
  if (isNews(connection, flow, now)) {
    noteNews(connection, flow, now);
    flow.isNews = 1;
  }
  return connection;
}

/** Whether that end of a connection is at this device which has to be. */
export function isAtDevice(
  ctx: TcContext,
  connection: Ref<typeof Connection>,
  flow: Infer<typeof Flow>,
  here: u8,
): bool {
  if (here === Here.Nobody) return true;
  const isLow = (flow.upwards === 1) === (here === Here.Sender);
  return (isLow ? connection.toLow : connection.toHigh) === ctx.interfaceIndex;
}

/** Decides about a packet. @returns its connection, or null when it is refused. */
function begin(
  ctx: TcContext,
  flow: Infer<typeof Flow>,
  before: Ref<typeof Connection> | null,
  generation: u32,
  here: u8,
): Ref<typeof Connection> | null {
  flow.isFirst = before ? 0 : 1;
  flow.refused = before ? 0 : reasonNotToBegin(flow);
  if (flow.refused === 0) flow.refused = decide(ctx, flow, before, generation, here);
  if (flow.refused !== 0) return null;
  flow.refused = Reason.ConnectionTableFull;
  return findConnection(flow.tuple);
}

function reasonNotToBegin({ related, tuple }: Infer<typeof Flow>): u8 {
  if (isGroupAddress(tuple.high)) return Reason.MulticastHandled;
  // What is about no connection that we know is about nothing that was allowed.
  return related === 1 ? Reason.PolicyDenied : 0;
}
