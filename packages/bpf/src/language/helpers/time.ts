/** Helpers for time, chance, and the place where the program runs. */
import { u32, u64 } from '../../scalar.ts';
import { helper } from '../helper.ts';

/** Nanoseconds since the machine started, not counting the time it slept. Linux 4.1. */
export const ktimeGetNs = helper<() => u64>('ktimeGetNs', 5, [], u64);
/** Nanoseconds since the machine started. Linux 5.8. */
export const ktimeGetBootNs = helper<() => u64>('ktimeGetBootNs', 125, [], u64);
/** Like {@link ktimeGetNs}, cheaper, and as exact as the timer tick. Linux 5.11. */
export const ktimeGetCoarseNs = helper<() => u64>('ktimeGetCoarseNs', 160, [], u64);
/** International atomic time in nanoseconds. Linux 6.1. */
export const ktimeGetTaiNs = helper<() => u64>('ktimeGetTaiNs', 208, [], u64);
/** The kernel's tick count. Linux 5.6. */
export const jiffies64 = helper<() => u64>('jiffies64', 118, [], u64);
/** 32 random bits. Linux 4.1. */
export const getPrandomU32 = helper<() => u32>('getPrandomU32', 7, [], u32);
/** The number of the CPU that runs the program. Linux 4.1. */
export const getSmpProcessorId = helper<() => u32>('getSmpProcessorId', 8, [], u32);
/** The NUMA node of that CPU. Linux 4.10. */
export const getNumaNodeId = helper<() => u32>('getNumaNodeId', 42, [], u32);
