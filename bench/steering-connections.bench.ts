import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  enableStatistics,
  Link,
  listeningSockets,
  loadProgram,
  mountBpffs,
  Program,
  Socket,
  unmount,
} from '@waggle/kernel';
import { BindingStore, parseBinding, Registry, Steering } from '@waggle/steering';
import { compileProgram, noClang } from '../e2e/support/corpus/twin.ts';
import { SteeringLab } from '../e2e/support/steering-lab.ts';
import { benchmark } from './support/benchmark.ts';
import { inTurn, median, spreadOf } from './support/measure.ts';

/** Many short rounds, for what else the machine does comes and goes by the second. */
const ROUNDS = 100;
const CONNECTIONS = 300;
const TOTAL = ROUNDS * CONNECTIONS;

await benchmark(
  {
    name: 'steering-connections',
    about: `${TOTAL} connections one after the other, each with an answer, to a port that is steered, beside ${TOTAL}
      to the port where the server listens; and what the program costs per lookup while they are made, beside the
      same in C by clang -O2 that takes its place in the same link (run_time_ns / run_cnt, BPF_ENABLE_STATS).`,
    twin: 'beside',
  },
  async ({ row, note }) => {
    const bpffs = mkdtempSync(join(tmpdir(), 'waggle-bench-'));
    mountBpffs(bpffs);
    try {
      using lab = new SteeringLab();
      const place = { namespace: lab.namespace, bpffs };
      using steering = Steering.load(place);
      const binding = { label: 'www', protocol: 'tcp', prefix: '127.0.0.0/8', port: '7' };
      new BindingStore(steering).add(parseBinding(binding));
      const echo = await lab.serve('echo', 7777);
      const { fd = -1 } = listeningSockets(echo.pid).find(({ protocol }) => protocol === 'tcp') ?? {};
      using socket = Socket.ofProcess(echo.pid, fd);
      new Registry(steering).register('www', [socket]);

      // Connections are reset at their end, so no port waits, and clients never run out of them.
      const connect = (to: number) => async (): Promise<number> => {
        const start = performance.now();
        const answers = await lab.many(to, CONNECTIONS);
        if (answers['echo: hi'] !== CONNECTIONS)
          throw new Error(`not all were answered: ${JSON.stringify(answers)}`);
        return ((performance.now() - start) * 1e6) / CONNECTIONS;
      };
      const times = await inTurn(ROUNDS, connect(7), connect(7777));
      const connecting = { ours: median(times.ours), twin: median(times.twin) };
      row({ what: 'a connection, beside a direct one', unit: 'time', ...connecting, goal: { ratio: 1.05 } });
      note(`Steered beside direct: ${spreadOf(times)}.`);

      if (noClang) note(`No C beside it: ${noClang}.`);
      else {
        const code = compileProgram(fileURLToPath(new URL('c/steer.c', import.meta.url)));
        const { maps } = steering;
        using ours = Program.openPinned(join(steering.directory, 'program'));
        using twin = loadProgram({ type: 'skLookup', name: 'steer_c', code }, { maps });
        using link = Link.openPinned(join(steering.directory, 'link'));
        using _counting = enableStatistics();
        const perLookup = (program: Program) => async (): Promise<number> => {
          link.update(program);
          const before = program.info();
          await lab.many(7, CONNECTIONS);
          const after = program.info();
          return Number(after.runTime - before.runTime) / Number(after.runCount - before.runCount);
        };
        const costs = await inTurn(ROUNDS, perLookup(ours), perLookup(twin));
        const figures = { ours: median(costs.ours), twin: median(costs.twin) };
        row({ what: 'a lookup of these, beside C', unit: 'time', ...figures, goal: { ratio: 1.05 } });
        note(`A lookup beside C: ${spreadOf(costs)}.`);
      }
      Steering.unload(place);
    } finally {
      unmount(bpffs);
      rmdirSync(bpffs);
    }
  },
);
