import { benchmark } from './support/benchmark.ts';
import { allowedPair } from './support/lab-endpoints.ts';
import { inTurn, median, spreadOf } from './support/measure.ts';
import { missingTools, NamespaceTraffic } from './support/namespace-traffic.ts';

await import('@waggle/compiler/register');
const { DatapathLab } = await import('../e2e/support/datapath-lab.ts');

/** Many short rounds, for what else the machine does comes and goes by the second. */
const ROUNDS = 21;
const TRIPS = 4000;
const THROUGHPUT_ROUNDS = 9;
const SECONDS = 1;
const SIZES = { maxConnections: 65_536 };
const SILENT = { aggregation: 'off', drops: false, verdicts: false } as const;

await benchmark(
  {
    name: 'flow-overhead',
    about: `TCP between two endpoints with events as an agent has them by default, and somebody who reads them, beside the same without
      any, in turn. Round trips: medians of ${ROUNDS} rounds of ${TRIPS}; throughput: iperf3, medians of ${THROUGHPUT_ROUNDS} rounds of
      ${SECONDS} s.`,
    twin: 'no events',
  },
  async ({ row, note }) => {
    const missing = missingTools('cc', 'iperf3');
    if (missing !== undefined) return note(`Skipped. ${missing}`);
    using traffic = new NamespaceTraffic();
    using telling = new DatapathLab(SIZES);
    using silent = new DatapathLab({ ...SIZES, monitoring: SILENT });
    let read = 0;
    using _reader = telling.datapath.readEvents(() => read++);
    const [ours, twin] = [allowedPair(telling), allowedPair(silent)];
    for (const { to } of [ours, twin]) await traffic.serve(to, { throughput: true });
    const trips = await inTurn(
      ROUNDS,
      async () => 1e9 / (await traffic.roundTrip(ours, TRIPS)),
      async () => 1e9 / (await traffic.roundTrip(twin, TRIPS)),
    );
    row({
      what: 'round trips of TCP',
      unit: 'rate',
      ours: median(trips.ours),
      twin: median(trips.twin),
      goal: { share: 0.97 },
    });
    note(`Round trips: ${spreadOf(trips)}.`);
    const bits = await inTurn(
      THROUGHPUT_ROUNDS,
      () => traffic.throughput(ours, SECONDS),
      () => traffic.throughput(twin, SECONDS),
    );
    row({
      what: 'throughput of TCP (iperf3)',
      unit: 'bits',
      ours: median(bits.ours),
      twin: median(bits.twin),
      goal: { share: 0.97 },
    });
    note(`Throughput: ${spreadOf(bits)}. Events that were read: ${read}.`);
  },
);
