/** Loops beyond those of JavaScript: over more turns than the verifier follows, and over numbers that are known. */
import { WaggleError } from '../errors.ts';
import type { i32, u32 } from '../scalar.ts';
import { programOnly } from './program-only.ts';

/** What the body of a loop returns: true to end it, false or nothing to go on. */
// biome-ignore lint/suspicious/noConfusingVoidType: a body without return is the usual one
export type Turn = boolean | void;

/**
 * Runs `body` `count` times, at most 8 388 608, and gives the number of turns; a negative errno for more. The verifier looks at
 * the body once, whatever the count, which need not be known. `body` sees the variables around it; it ends the loop by
 * returning true. Linux 5.17.
 *
 *     loop(ctx.length, (index) => {
 *       if (index === 100) return true;
 *       sum += index;
 *       return false;
 *     });
 */
export const loop: (count: u32, body: (index: u32) => Turn) => i32 = programOnly('loop');

/**
 * The numbers from 0 to `end` - 1, or from `start` to `end` - 1. In a program, `for (const index of range(4))` is written out
 * turn by turn, with `index` a constant in each. Throws INVALID for what is no range of integers.
 */
export function range(end: number): number[];
export function range(start: number, end: number): number[];
export function range(first: number, second?: number): number[] {
  const [start, end] = second === undefined ? [0, first] : [first, second];
  if (!Number.isInteger(start) || !Number.isInteger(end) || end < start) {
    throw new WaggleError('INVALID', `range(${start}, ${end}) is no range of integers`);
  }
  return Array.from({ length: end - start }, (_, index) => start + index);
}
