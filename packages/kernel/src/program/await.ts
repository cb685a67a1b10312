/** Waiting for programs that run at this moment. */
import { check } from '../errors.ts';
import * as libc from '../sys/libc.ts';

/** MEMBARRIER_CMD_GLOBAL, for which the kernel waits for an RCU grace period (kernel/sched/membarrier.c). */
const GLOBAL = 1;

/**
 * Returns when all programs that ran when it was called have ended, so that nobody uses what they may have found in a map
 * before. Takes some milliseconds. Not for programs that sleep.
 */
export function awaitPrograms(): void {
  check(libc.membarrier(GLOBAL), 'wait for', 'programs that run');
}

/**
 * The same without stopping this thread.
 * @returns whether the kernel can tell; where it cannot, {@link awaitPrograms} says why.
 */
export const programsEnded = (): Promise<boolean> => libc.membarrierAside(GLOBAL);
