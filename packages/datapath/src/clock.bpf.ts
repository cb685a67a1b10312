/**
 * The time, in seconds since the machine was started. The kernel's clocks cost more than the rest of an established packet, but
 * its tick count is a word in memory: so the clock is read when that has gone on, and the answer is kept for all.
 */
import { arrayMap, jiffies64, ktimeGetCoarseNs, struct, u32, u64 } from '@waggle/bpf';

export const Clock = struct('clock', {
  /** The tick count when the clock was read. */
  ticks: u64,
  seconds: u32,
});
export const clocks = arrayMap({ name: 'clocks', value: Clock, maxEntries: 1 });

/** How old an answer may be: there are 100 to 1000 ticks in a second. */
const TICKS = 16n;
const NANOSECONDS = 1_000_000_000n;

/** Seconds since the machine was started. */
export function clock(): u32 {
  const ticks = jiffies64();
  const kept = clocks.lookup(0);
  if (!kept) return 0;
  if (ticks - kept.ticks >= TICKS) {
    kept.seconds = u32(ktimeGetCoarseNs() / NANOSECONDS);
    kept.ticks = ticks;
  }
  return kept.seconds;
}
