import { benchmark } from './support/benchmark.ts';
import { costOf, costOfFirst, loadEndpoint, OTHER, OUTSIDE, SENDER } from './support/endpoint-program.ts';
import { compare } from './support/measure.ts';

const ROUNDS = 9;
const REPEAT = 200_000;

await benchmark(
  {
    name: 'datapath',
    about: `A TCP segment that an endpoint (${SENDER}) sends: CPU time of its program by BPF_PROG_TEST_RUN, medians of
      ${ROUNDS} rounds of ${REPEAT}, without what restoring the packet takes.`,
  },
  ({ row }) => {
    // As many events as there are connections: what they cost is in the first packet.
    using loaded = loadEndpoint({ rate: 0xffff_ffff });
    for (const [what, destination, flows, goal] of [
      ['established, same host, both policies: 1 flow', OTHER, 1, 100],
      ['established, same host, both policies: 65,536 flows', OTHER, 65_536, 350],
      ['established, to the stack: 1 flow', OUTSIDE, 1, 100],
      ['established, to the stack: 65,536 flows', OUTSIDE, 65_536, undefined],
    ] as const) {
      const packets = { destination, flows, repeat: REPEAT };
      const { ours } = compare(ROUNDS, () => costOf(loaded.program, packets));
      row({ what, ours, unit: 'time', ...(goal !== undefined && { goal: { atMost: goal } }) });
    }
    row({
      what: 'first packet of a connection, to the stack',
      ours: compare(ROUNDS, () => costOfFirst(loaded)).ours,
      unit: 'time',
      goal: { atMost: 1500 },
    });
  },
);
