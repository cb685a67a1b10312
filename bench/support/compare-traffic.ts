/** TCP between two pairs of ends, in turn: round trips of one byte, and throughput by iperf3. */
import type { Recorder } from './benchmark.ts';
import { inTurn, median, spreadOf } from './measure.ts';
import type { Ends, NamespaceTraffic } from './namespace-traffic.ts';

/** Many short rounds, for what else the machine does comes and goes by the second. */
const ROUNDS = 21;
const TRIPS = 4000;
const THROUGHPUT_ROUNDS = 9;
const SECONDS = 1;

/** What is measured, for the text of a benchmark. */
export const HOW = `Round trips: one byte there and back, both ends on one CPU, medians of ${ROUNDS} rounds of ${TRIPS}.
  Throughput: iperf3, one connection, medians of ${THROUGHPUT_ROUNDS} rounds of ${SECONDS} s.`;

/** Two pairs, and the share of the other's rates that ours is to reach. */
export interface TrafficComparison {
  readonly ours: Ends;
  readonly twin: Ends;
  readonly goals: { readonly trips: number; readonly throughput: number };
}

/** Measures both, and adds a row of each kind. */
export async function compareTraffic(
  { row, note }: Recorder,
  traffic: NamespaceTraffic,
  { ours, twin, goals }: TrafficComparison,
): Promise<void> {
  for (const { to } of [ours, twin]) await traffic.serve(to, { throughput: true });
  const trips = (ends: Ends) => async () => 1e9 / (await traffic.roundTrip(ends, TRIPS));
  const throughput = (ends: Ends) => () => traffic.throughput(ends, SECONDS);
  for (const { what, unit, rounds, measure, share } of [
    { what: 'round trips', unit: 'rate', rounds: ROUNDS, measure: trips, share: goals.trips },
    {
      what: 'throughput',
      unit: 'bits',
      rounds: THROUGHPUT_ROUNDS,
      measure: throughput,
      share: goals.throughput,
    },
  ] as const) {
    const figures = await inTurn(rounds, measure(ours), measure(twin));
    row({
      what: `${what} of TCP`,
      unit,
      ours: median(figures.ours),
      twin: median(figures.twin),
      goal: { share },
    });
    note(`The ${what}: ${spreadOf(figures)}.`);
  }
}
