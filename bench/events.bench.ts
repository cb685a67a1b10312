import { benchmark } from './support/benchmark.ts';
import {
  costOf,
  costOfFirst,
  type EndpointUnderTest,
  loadEndpoint,
  OTHER,
  OUTSIDE,
} from './support/endpoint-program.ts';
import { compare, cpuTime, median } from './support/measure.ts';

const { accounts, connections4, EventReader, events } = await import('@waggle/datapath');

const ROUNDS = 21;
const REPEAT = 100_000;

/** Events that a reader makes out in a second of CPU time. */
function rateOfReading({ program, others }: EndpointUnderTest): number {
  const maps = { events: others.map(events), accounts: others.map(accounts) };
  let read = 0;
  using reader = new EventReader(maps, ({ packet }) => {
    if (packet.tcp) read++;
  });
  const rates = Array.from({ length: ROUNDS }, () => {
    others.map(connections4).clear();
    read = 0;
    costOf(program, { destination: OUTSIDE, flows: 32_768, repeat: 16_384 });
    const time = cpuTime(() => reader.poll());
    return (read / time) * 1e9;
  });
  return median(rates);
}

await benchmark(
  {
    name: 'events',
    about: `What telling costs: the program of an endpoint with events (aggregation medium) beside the same program without any,
      for a packet of an established connection and for the first one, about which there are two events.`,
    twin: 'no events',
  },
  ({ row }) => {
    using telling = loadEndpoint({ rate: 0xffff_ffff });
    using silent = loadEndpoint({ aggregation: 'off', drops: false, verdicts: false });
    for (const [what, destination, flows] of [
      ['established, same host: 1 flow', OTHER, 1],
      ['established, to the stack: 1 flow', OUTSIDE, 1],
      ['established, to the stack: 65,536 flows', OUTSIDE, 65_536],
    ] as const) {
      const packets = { destination, flows, repeat: REPEAT };
      const costs = compare(
        ROUNDS,
        () => costOf(telling.program, packets),
        () => costOf(silent.program, packets),
      );
      row({ what, unit: 'time', ...costs });
    }
    const first = compare(
      ROUNDS,
      () => costOfFirst(telling),
      () => costOfFirst(silent),
    );
    row({ what: 'first packet of a connection, to the stack', unit: 'time', ...first });
    row({
      what: 'one event',
      unit: 'time',
      ours: (first.ours - (first.twin ?? 0)) / 2,
      goal: { atMost: 250 },
    });
    row({
      what: 'reading: events, with their packets taken apart',
      unit: 'rate',
      ours: rateOfReading(telling),
    });
  },
);
