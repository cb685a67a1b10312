import { benchmark } from './support/benchmark.ts';

await import('@waggle/compiler/register');
const { AgentLab } = await import('../e2e/support/agent-lab.ts');

const CROWD = 500;

await benchmark(
  {
    name: 'crowd',
    about: `${CROWD} endpoints with 10 identities come to an agent all at once, and go all at once: the time of each, by the clock on the
      wall, with the namespaces that they are; and what is left of them when the kernel has had its time.`,
  },
  async ({ row }) => {
    await using lab = await AgentLab.start();
    // The first one brings what stays: code, and the programs that all endpoints share.
    lab.disperse(await lab.crowd(1));
    await new Promise((resolve) => setTimeout(resolve, 500));
    const before = lab.counts();
    const start = performance.now();
    const crowd = await lab.crowd(CROWD);
    const there = performance.now();
    lab.disperse(crowd);
    const gone = performance.now();
    await lab.settle(before);
    row({ what: 'an endpoint comes', unit: 'time', ours: ((there - start) * 1e6) / CROWD });
    row({ what: 'an endpoint goes', unit: 'time', ours: ((gone - there) * 1e6) / CROWD });
    row({ what: 'until the kernel is done with all', unit: 'time', ours: (performance.now() - gone) * 1e6 });
    const after = lab.counts();
    for (const [what, count] of Object.entries(after)) {
      const left = count - before[what as keyof typeof before];
      row({ what: `left: ${what}`, unit: 'count', ours: left, goal: { atMost: 0 } });
    }
  },
);
