import { noClang } from '../e2e/support/corpus/twin.ts';
import { benchmark } from './support/benchmark.ts';
import {
  costOf,
  costOfFirst,
  loadEndpoint,
  OTHER,
  OUTSIDE,
  SENDER,
  segment,
} from './support/endpoint-program.ts';
import { loadFloor } from './support/floor.ts';
import { compare } from './support/measure.ts';

const ROUNDS = 9;
const REPEAT = 200_000;

await benchmark(
  {
    name: 'datapath',
    about: `A TCP segment that an endpoint (${SENDER}) sends: CPU time of its program by BPF_PROG_TEST_RUN, medians of
      ${ROUNDS} rounds of ${REPEAT}, without what restoring the packet takes. Beside it, in turn, the least that C can do for
      it: one look-up in an LRU map, a check of the generation, counters and a redirect to the peer.`,
    twin: 'bare C',
  },
  ({ row, note }) => {
    // As many events as there are connections: what they cost is in the first packet.
    using loaded = loadEndpoint({ rate: 0xffff_ffff });
    using floor = noClang ? undefined : loadFloor(OTHER, segment(OTHER));
    if (noClang) note(`No C beside it: ${noClang}.`);
    for (const [what, destination, flows, goal] of [
      ['established, same host, both policies: 1 flow', OTHER, 1, 100],
      ['established, same host, both policies: 65,536 flows', OTHER, 65_536, 350],
      ['established, to the stack: 1 flow', OUTSIDE, 1, 100],
      ['established, to the stack: 65,536 flows', OUTSIDE, 65_536, undefined],
    ] as const) {
      const packets = { destination, flows, repeat: REPEAT };
      const bare = destination === OTHER ? floor : undefined;
      const figures = compare(
        ROUNDS,
        () => costOf(loaded.program, packets),
        bare && (() => costOf(bare.program, packets)),
      );
      row({ what, ...figures, unit: 'time', ...(goal !== undefined && { goal: { atMost: goal } }) });
    }
    row({
      what: 'first packet of a connection, to the stack',
      ours: compare(ROUNDS, () => costOfFirst(loaded)).ours,
      unit: 'time',
      goal: { atMost: 1500 },
    });
  },
);
