/**
 * Lets one kind of object live many times in a process of its own: `leak.ts <kind>`. Prints as JSON what the
 * process holds more than after the warm-up.
 */
import { readdirSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { lifecycles } from './lifecycles.ts';

/** What all lives left behind, open file descriptors and bytes of memory; and the nanoseconds of one. */
export interface Leak {
  readonly descriptors: number;
  readonly bytes: number;
  readonly nanoseconds: number;
}

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

const [kind = ''] = process.argv.slice(2);
const lifecycle = lifecycles.get(kind);
if (!lifecycle) throw new Error(`there is no kind of object "${kind}"`);
const { lives, prepare } = lifecycle;
const live = prepare();
// As many once before: afterwards code is compiled, and memory that only the start needed is given back.
await repeat(lives, live);
const before = holds();
const start = performance.now();
await repeat(lives, live);
const nanoseconds = ((performance.now() - start) * 1e6) / lives;
const after = holds();
const leak: Leak = {
  descriptors: after.descriptors - before.descriptors,
  bytes: after.bytes - before.bytes,
  nanoseconds,
};
console.log(JSON.stringify(leak));
