/** The last word about a packet: it is counted by reason and direction, and then it passes or not. */
import {
  type Infer,
  type i32,
  perCpuArrayMap,
  struct,
  Tc,
  type TcContext,
  type u8,
  type u32,
  u64,
  zeroed,
} from '@waggle/bpf';
import { Flow } from './flow.bpf.ts';
import { Reason } from './reasons.ts';
import { tellDrop } from './tell.bpf.ts';

/** Packets and bytes; see {@link metricOf}. */
export const Traffic = struct('traffic', { packets: u64, bytes: u64 });
export const MAX_METRICS = 512;
export const metrics = perCpuArrayMap({ name: 'metrics', value: Traffic, maxEntries: MAX_METRICS });

/** The slot of a reason and direction. */
export const metricOf = (reason: u8, towards: u8): u32 => reason * 2 + towards;

/** Lets a packet go on by itself. */
export function pass(ctx: TcContext, towards: u8): i32 {
  count(ctx, Reason.Forwarded, towards);
  return Tc.Ok;
}

/** Drops a packet of which nothing more is known than why. */
export function drop(ctx: TcContext, reason: u8, towards: u8): i32 {
  return dropFlow(ctx, zeroed(Flow), reason, towards);
}

/** Drops a packet, and tells whose it was. */
export function dropFlow(ctx: TcContext, flow: Infer<typeof Flow>, reason: u8, towards: u8): i32 {
  count(ctx, reason, towards);
  tellDrop(ctx, flow, reason, towards);
  return Tc.Shot;
}

/** Drops what every host sends now and then and nobody misses: it is counted, and that is all. */
export function discard(ctx: TcContext, reason: u8, towards: u8): i32 {
  count(ctx, reason, towards);
  return Tc.Shot;
}

/** Counts a packet. */
export function count(ctx: TcContext, reason: u8, towards: u8): void {
  const traffic = metrics.lookup(metricOf(reason, towards));
  if (!traffic) return;
  traffic.packets += 1n;
  traffic.bytes += u64(ctx.length);
}
