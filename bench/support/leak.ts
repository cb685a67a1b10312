/**
 * Lets one kind of object live many times in a process of its own: `leak.ts <kind> <lives>`. Prints as JSON what the
 * process holds more than after the warm-up.
 */
import { readdirSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { lifecycles } from './lifecycles.ts';

/** What a number of lives left behind: open file descriptors, bytes of memory; and nanoseconds each took. */
export interface Leak {
  readonly descriptors: number;
  readonly bytes: number;
  readonly nanoseconds: number;
}

/** Lives before the first look: code is compiled and heaps have found their size by then. */
const WARM_UP = 2000;

async function repeat(count: number, live: () => void): Promise<void> {
  for (let index = 0; index < count; index++) {
    live();
    // Watches are freed when the event loop turns.
    if (index % 100 === 0) await turn();
  }
  await turn();
  globalThis.gc?.();
}

const holds = () => ({ descriptors: readdirSync('/proc/self/fd').length, bytes: process.memoryUsage.rss() });

const [kind = '', lives = 0] = process.argv.slice(2);
const live = lifecycles.get(kind)?.();
if (!live) throw new Error(`there is no kind of object "${kind}"`);
await repeat(WARM_UP, live);
const before = holds();
const start = performance.now();
await repeat(Number(lives), live);
const nanoseconds = ((performance.now() - start) * 1e6) / Number(lives);
const after = holds();
const leak: Leak = {
  descriptors: after.descriptors - before.descriptors,
  bytes: after.bytes - before.bytes,
  nanoseconds,
};
console.log(JSON.stringify(leak));
