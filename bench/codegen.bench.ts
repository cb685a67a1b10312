/**
 * The code that the compiler generates beside that of clang -O2, for programs of the corpus with a twin in C: how many
 * instructions there are, how long a packet takes, how far the verifier has to walk.
 */
import fc from 'fast-check';
import { codeOf, corpusModule } from '../e2e/support/corpus/compiled.ts';
import { fixtureOf } from '../e2e/support/corpus/fixtures.ts';
import { KernelWorld } from '../e2e/support/corpus/kernel-world.ts';
import { compileTwin, noClang, twinNames } from '../e2e/support/corpus/twin.ts';
import { benchmark } from './support/benchmark.ts';
import type { Unit } from './support/report.ts';

const ROUNDS = 5;
const PACKETS = 4;
/** Large, because each run of an XDP program waits for a grace period of the kernel before and after it. */
const REPEAT = 20_000;
const SEED = 3;
const SLOT = 8;

interface Figures {
  readonly ours: number;
  readonly twin: number;
}

/**
 * Nanoseconds for a packet, on average over packets that take different ways. Each is measured in turn with both programs,
 * and its shortest time counts: what else the machine does only adds to it.
 */
function measure(ours: KernelWorld, twin: KernelWorld, packets: readonly Uint8Array[]): Figures {
  const time = ({ program }: KernelWorld, data: Uint8Array) =>
    program.testRun({ data, repeat: REPEAT }).duration;
  const sums = packets.map((packet) => {
    const times = Array.from({ length: ROUNDS }, () => [time(ours, packet), time(twin, packet)] as const);
    return [Math.min(...times.map(([our]) => our)), Math.min(...times.map(([, their]) => their))] as const;
  });
  const mean = (side: 0 | 1) => sums.reduce((sum, each) => sum + each[side], 0) / packets.length;
  return { ours: mean(0), twin: mean(1) };
}

/** The geometric mean of the ratios. */
const ratio = (figures: readonly Figures[]): number =>
  Math.exp(figures.reduce((sum, { ours, twin }) => sum + Math.log(ours / twin), 0) / figures.length);

await benchmark(
  {
    name: 'codegen',
    about: `Code of the compiler beside clang -O2 -mcpu=v3: instructions, time of a packet (BPF_PROG_TEST_RUN, ${PACKETS} packets of each program, the shortest of ${ROUNDS} rounds), and instructions that the verifier walks through. The goals are for the geometric means; no program may be off by more than 1.3 in size or time.`,
    twin: 'clang',
  },
  async ({ row, note }) => {
    if (noClang) return note(`Skipped: ${noClang}.`);
    const all: Record<'instructions' | 'time' | 'verifier', Figures[]> = {
      instructions: [],
      time: [],
      verifier: [],
    };
    const add = (kind: keyof typeof all, name: string, unit: Unit, figures: Figures, limit?: number) => {
      all[kind].push(figures);
      row({ what: `${name}: ${kind}`, unit, ...figures, ...(limit ? { goal: { ratio: limit } } : {}) });
    };
    for (const name of twinNames) {
      const module = await corpusModule(name);
      const fixture = fixtureOf(name);
      const code = compileTwin(name);
      using ours = new KernelWorld({ module, fixture });
      using twin = new KernelWorld({ module, fixture, code });
      const packets = fc.sample(fixture.packets, { seed: SEED, numRuns: PACKETS });
      const size = codeOf(module, fixture.entry, fixture.config).bytes.length / SLOT;
      add('instructions', name, 'count', { ours: size, twin: code.bytes.length / SLOT }, 1.3);
      add('time', name, 'time', measure(ours, twin, packets), 1.3);
      const walked = (world: KernelWorld) => world.program.info().verifiedInstructions;
      add('verifier', name, 'count', { ours: walked(ours), twin: walked(twin) });
    }
    const goals = { instructions: 1.1, time: 1.05, verifier: 1.2 };
    for (const kind of ['instructions', 'time', 'verifier'] as const) {
      const mean = Math.round(ratio(all[kind]) * 1000);
      row({
        what: `mean of ${kind}, clang being 1000`,
        unit: 'count',
        ours: mean,
        twin: 1000,
        goal: { ratio: goals[kind] },
      });
    }
  },
);
