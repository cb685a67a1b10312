import { benchmark } from './support/benchmark.ts';
import type { Leak } from './support/leak.ts';
import { lifecycles } from './support/lifecycles.ts';
import { format } from './support/report.ts';
import { runScript } from './support/script.ts';

await benchmark(
  {
    name: 'leaks',
    about: `Objects made and closed by the thousand, each kind in a process of its own, looked at after a
      warm-up and again at the end. An agent runs for months: not one file descriptor may stay open, and its
      resident memory may move by no more than the collector's own ups and downs.`,
  },
  async ({ row, note }) => {
    const times: string[] = [];
    for (const [kind, { lives }] of lifecycles) {
      const leak: Leak = JSON.parse(await runScript('leak.ts', [kind]));
      const title = `${lives} × ${kind}`;
      row({ what: `${title}: descriptors`, unit: 'count', ours: leak.descriptors, goal: { atMost: 0 } });
      row({ what: `${title}: memory`, unit: 'size', ours: leak.bytes, goal: { atMost: 3 << 20 } });
      times.push(`${kind} ${format(leak.nanoseconds, 'time')}`);
    }
    note(`To make and close one took: ${times.join(', ')}.`);
  },
);
