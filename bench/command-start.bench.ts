/** What a command costs that asks the agent: its start is most of it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AgentLab } from '../packages/cli/src/testing/agent-lab.ts';
import { benchmark } from './support/benchmark.ts';

const ROUNDS = 15;
/** USER_HZ, in which the kernel tells CPU time: a hundredth of a second on all architectures that node runs on. */
const TICK = 1e7;
const WAGGLE = fileURLToPath(new URL('../packages/cli/bin/waggle.js', import.meta.url));

/** CPU time of all children that have ended, in nanoseconds (proc(5): cutime and cstime). */
function childTime(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) * TICK;
}

/** CPU time of one process. */
async function costOf(args: readonly string[]): Promise<number> {
  const before = childTime();
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code}`);
  return childTime() - before;
}

await benchmark(
  {
    name: 'command-start',
    about: `CPU time of a whole process: commands that ask an agent (which has two endpoints) over its socket, beside a node that does
      nothing. The clock shows the same on a machine that is free. The goals keep out what takes long to load: the compiler, the
      kernel library, the policy engine.`,
    twin: 'node -e 0',
    needsRoot: false,
  },
  async ({ row }) => {
    await using lab = await AgentLab.open();
    const socket = ['--socket', lab.socket];
    const commands = [
      { what: 'waggle status', args: ['status', ...socket], goal: 2.5 },
      { what: 'waggle endpoint list', args: ['endpoint', 'list', ...socket], goal: 2.5 },
      { what: 'waggle --help', args: ['--help'], goal: 2.5 },
      {
        what: 'waggle policy trace',
        args: ['policy', 'trace', '--from', 'web', '--to', 'db', '--port', '80', ...socket],
      },
    ];
    const sums = new Map<string, number>();
    const add = (what: string, time: number) => sums.set(what, (sums.get(what) ?? 0) + time);
    for (let round = 0; round < ROUNDS; round++) {
      add('twin', await costOf(['-e', '0']));
      for (const { what, args } of commands) add(what, await costOf([WAGGLE, ...args]));
    }
    const mean = (what: string): number => (sums.get(what) ?? 0) / ROUNDS;
    for (const { what, goal } of commands) {
      const figures = { what, unit: 'time' as const, ours: mean(what), twin: mean('twin') };
      row(goal === undefined ? figures : { ...figures, goal: { ratio: goal } });
    }
  },
);
