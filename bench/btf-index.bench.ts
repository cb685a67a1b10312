import { spawnSync } from 'node:child_process';
import { openSync, statSync } from 'node:fs';
import { KERNEL_BTF_PATH } from '@waggle/kernel';
import { benchmark } from './support/benchmark.ts';
import { compare, wallTime } from './support/measure.ts';
import { runPlain } from './support/script.ts';

const ROUNDS = 9;

/** In a fresh process, after its imports: nanoseconds from reading the file to the id of a type. */
const FIRST_FIND = `
  import { kernelBtf } from '@waggle/kernel';
  const start = process.hrtime.bigint();
  if (kernelBtf().find('task_struct', 'struct') === undefined) throw new Error('no task_struct');
  console.log(Number(process.hrtime.bigint() - start));
`;

await benchmark(
  {
    name: 'btf-index',
    about: `Reading the kernel's own type information, indexing it and finding the first type, in a fresh
      process (the start of Node not counted). Every process that loads a tracing program does this once;
      below 100 ms nobody waits for it, and nothing needs to be cached on disk.`,
    needsRoot: false,
  },
  ({ row, note }) => {
    const ours = () => Number(runPlain(FIRST_FIND));
    row({ what: 'read, index, first find', unit: 'time', ...compare(ROUNDS, ours), goal: { atMost: 100e6 } });
    row({ what: `size of ${KERNEL_BTF_PATH}`, unit: 'size', ours: statSync(KERNEL_BTF_PATH).size });

    const nowhere = openSync('/dev/null', 'w');
    const dump = () =>
      spawnSync('bpftool', ['btf', 'dump', 'file', KERNEL_BTF_PATH], {
        stdio: ['ignore', nowhere, 'ignore'],
      });
    if (dump().status !== 0) return;
    const { ours: time } = compare(3, () => wallTime(dump));
    note(`For comparison: bpftool, which also prints every type, takes ${Math.round(time / 1e6)} ms.`);
  },
);
