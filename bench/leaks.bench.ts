import { benchmark } from './support/benchmark.ts';
import type { Leak } from './support/leak.ts';
import { lifecycles } from './support/lifecycles.ts';
import { runScript } from './support/script.ts';

const LIVES = 10_000;

await benchmark(
  {
    name: 'leaks',
    about: `${LIVES} objects of each kind made and closed, each kind in a process of its own, after a warm-up. An agent
      runs for months: not one file descriptor may stay open, and the resident memory may grow by no more than
      the collector's own ups and downs (3 MiB are 314 bytes for each object).`,
  },
  async ({ row }) => {
    for (const kind of lifecycles.keys()) {
      const leak: Leak = JSON.parse(await runScript('leak.ts', [kind, LIVES]));
      row({ what: `${kind}: open descriptors`, unit: 'count', ours: leak.descriptors, goal: { atMost: 0 } });
      row({ what: `${kind}: memory gained`, unit: 'size', ours: leak.bytes, goal: { atMost: 3 << 20 } });
      row({ what: `${kind}: made and closed`, unit: 'time', ours: leak.nanoseconds });
    }
  },
);
