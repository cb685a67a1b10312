/** Helpers on timers. */
import { Helper } from '../../backend/helper.ts';
import { errno } from '../errno.ts';
import type { HelperFunction } from './helper.ts';

/** CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME: one time for all in a machine. */
const CLOCKS: ReadonlySet<bigint> = new Set([0n, 1n, 7n]);
/** BPF_F_TIMER_ABS */
const ABSOLUTE = 1n;

const init: HelperFunction = (machine, timer, map, clock) =>
  CLOCKS.has(clock) ? machine.timers.init(timer, machine.mapAt(map)) : -errno.EINVAL;

const start: HelperFunction = (machine, timer, nanoseconds, flags) => {
  if ((flags & ~ABSOLUTE) !== 0n) return -errno.EINVAL;
  const now = machine.clock();
  return machine.timers.start(timer, flags === ABSOLUTE ? nanoseconds : now + nanoseconds);
};

export const timerHelpers: readonly (readonly [number, HelperFunction])[] = [
  [Helper.timerInit, init],
  [Helper.timerSetCallback, (machine, timer, callback) => machine.timers.setCallback(timer, callback)],
  [Helper.timerStart, start],
  [Helper.timerCancel, (machine, timer) => machine.timers.cancel(timer)],
];
