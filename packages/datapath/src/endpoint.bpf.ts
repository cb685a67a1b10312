/**
 * The programs at an endpoint's veth pair, on the host's end of it; the same two for all endpoints. They do what nearly all packets
 * need: the next one of a connection that was decided about is handed on. All others they leave to anyPacket(), so that they stay
 * short, for the kernel that runs them and for the one that checks them.
 */
import {
  type be16,
  Ethernet,
  EtherType,
  type Infer,
  type i32,
  programArray,
  type Ref,
  type TcContext,
  tc,
  type u8,
  zeroed,
} from '@waggle/bpf';
import { clock } from './clock.bpf.ts';
import {
  advance,
  type Connection,
  connections4,
  connections6,
  Generation,
  generations,
  goesOn,
} from './connection.bpf.ts';
import { Here } from './decide.bpf.ts';
import { deliver } from './deliver.bpf.ts';
import { Flow, Tuple4 } from './flow.bpf.ts';
import { isAtDevice } from './follow.bpf.ts';
import { Towards } from './policy.bpf.ts';
import { readPlain4, readPlain6 } from './read.bpf.ts';
import { Reason } from './reasons.ts';
import { drop, pass } from './report.bpf.ts';
import { isNews } from './trace.bpf.ts';

/** Programs that others go on in. */
export const programs = programArray({ name: 'programs', maxEntries: 1 });
/** Who is at which index of {@link programs}. */
export const ProgramIndex = { AnyPacket: 0 } as const;

/** From an endpoint. */
export const fromEndpoint = tc((ctx) => {
  const protocol = ctx.at(Ethernet, 0)?.protocol ?? 0;
  const flow = zeroed(Flow);
  const connection = decided(ctx, flow, protocol, Here.Sender);
  if (connection) return deliver(ctx, connection, flow, protocol);
  return leaveToOthers(ctx, flow, Here.Sender, Towards.Away);
});

/** To an endpoint, from the host's routes. */
export const toEndpoint = tc((ctx) => {
  const protocol = ctx.at(Ethernet, 0)?.protocol ?? 0;
  const flow = zeroed(Flow);
  if (decided(ctx, flow, protocol, Here.Receiver)) return pass(ctx, Towards.Endpoint);
  return leaveToOthers(ctx, flow, Here.Receiver, Towards.Endpoint);
});

/** The connection of a packet, if there is nothing to decide about it and nothing to tell of it. */
function decided(
  ctx: TcContext,
  flow: Infer<typeof Flow>,
  protocol: be16,
  here: u8,
): Ref<typeof Connection> | null {
  const known = find(ctx, flow, protocol);
  if (!known) return null;
  const now = clock();
  if (known.generation !== (generations.lookup(Generation.InForce) ?? 0)) return null;
  if (!goesOn(known, flow, now) || !isAtDevice(ctx, known, flow, here)) return null;
  if (isNews(known, flow, now)) return null;
  advance(known, flow, now);
  return known;
}

/** The connection of a packet of every day, if it is known. */
function find(ctx: TcContext, flow: Infer<typeof Flow>, protocol: be16): Ref<typeof Connection> | null {
  if (protocol === EtherType.Ipv4) {
    const tuple = zeroed(Tuple4);
    if (!readPlain4(ctx, flow, tuple)) return null;
    const known = connections4.lookup(tuple);
    if (!known) flow.isFirst = 1;
    return known;
  }
  if (protocol !== EtherType.Ipv6 || !readPlain6(ctx, flow)) return null;
  const known = connections6.lookup(flow.tuple);
  if (!known) flow.isFirst = 1;
  return known;
}

/** Goes on in anyPacket(), which finds there whose packet it is. */
function leaveToOthers(ctx: TcContext, flow: Infer<typeof Flow>, here: u8, towards: u8): i32 {
  ctx.controlBlock[0] = here;
  ctx.controlBlock[1] = flow.isFirst;
  programs.tailCall(ctx, ProgramIndex.AnyPacket);
  return drop(ctx, Reason.MissedTailCall, towards);
}
