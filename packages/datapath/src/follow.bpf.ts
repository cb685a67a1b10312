/**
 * From a packet to its connection: the one that is known, or one that is decided about now. At the device of an endpoint the packet
 * is from it, or for it; what says otherwise belongs to no connection. Connections know the devices of their ends, so that costs
 * a comparison, and one program serves all endpoints.
 */
import { type bool, type Infer, type Ref, struct, type TcContext, type u8, type u32 } from '@waggle/bpf';
import { isGroupAddress } from './addresses.bpf.ts';
import { clock } from './clock.bpf.ts';
import { advance, Connection, Generation, generations, goesOn, remember } from './connection.bpf.ts';
import { decide, Here, notHere } from './decide.bpf.ts';
import type { Flow } from './flow.bpf.ts';
import { Reason } from './reasons.ts';
import { noteNews } from './trace.bpf.ts';

/** A copy of a connection: what begins one has it at hand, and looks for nothing. */
export const Followed = struct('followed', { connection: Connection });

/**
 * Finds out what is decided about a packet, or decides it.
 *
 * @param known - Its connection, if there is one.
 * @param followed - Zeros; that connection afterwards.
 * @param here - Which of its ends has to be the endpoint at this device.
 * @returns whether it goes on; `flow.refused` says why not.
 */
export function follow(
  ctx: TcContext,
  flow: Infer<typeof Flow>,
  known: Ref<typeof Connection> | null,
  followed: Infer<typeof Followed>,
  here: u8,
): bool {
  const generation = generations.lookup(Generation.InForce) ?? 0;
  const now = clock();
  const before = known && goesOn(known, flow, now) ? known : null;
  if (before === null || before.generation !== generation) {
    return begin(ctx, flow, before, followed.connection, generation, here);
  }
  if (!isAtDevice(ctx, before, flow, here)) {
    flow.refused = notHere(here);
    return false;
  }
  advance(before, flow, now);
  noteNews(before, flow, now);
  followed.connection = before;
  return true;
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

/** Decides about a packet. @returns whether it goes on. */
function begin(
  ctx: TcContext,
  flow: Infer<typeof Flow>,
  before: Ref<typeof Connection> | null,
  connection: Infer<typeof Connection>,
  generation: u32,
  here: u8,
): bool {
  flow.isFirst = before ? 0 : 1;
  flow.refused = before ? 0 : reasonNotToBegin(flow);
  if (flow.refused === 0) flow.refused = decide(ctx, flow, before, connection, generation, here);
  if (flow.refused !== 0) return false;
  noteNews(connection, flow, clock());
  if (!remember(flow, connection)) flow.refused = Reason.ConnectionTableFull;
  return flow.refused === 0;
}

function reasonNotToBegin({ related, tuple }: Infer<typeof Flow>): u8 {
  if (isGroupAddress(tuple.high)) return Reason.MulticastHandled;
  // What is about no connection that we know is about nothing that was allowed.
  return related === 1 ? Reason.PolicyDenied : 0;
}
