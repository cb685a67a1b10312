/** What programs have counted, of all CPUs together. */
import type { DatapathMaps } from './layout.ts';
import { Towards } from './policy.bpf.ts';
import { MAX_METRICS, metricOf } from './report.bpf.ts';

/** Packets and bytes. */
export interface TrafficCount {
  readonly packets: bigint;
  readonly bytes: bigint;
}

/** What was counted for a reason and a direction. */
export interface TrafficView extends TrafficCount {
  readonly reason: number;
  readonly towards: keyof typeof Towards;
}

type Counters = Pick<DatapathMaps, 'metrics'>;

/** What was counted for a reason and a direction. */
export function trafficOf(
  { metrics }: Counters,
  reason: number,
  towards: keyof typeof Towards,
): TrafficCount {
  return sum(metrics.get(metricOf(reason, Towards[towards])) ?? []);
}

/** Everything that was counted; what never came to pass is left out. */
export function allTraffic({ metrics }: Counters): TrafficView[] {
  const slots = new Map(metrics);
  const views: TrafficView[] = [];
  for (let reason = 0; reason < MAX_METRICS / 2; reason++) {
    for (const towards of ['Endpoint', 'Away'] as const) {
      const count = sum(slots.get(metricOf(reason, Towards[towards])) ?? []);
      if (count.packets > 0n) views.push({ reason, towards, ...count });
    }
  }
  return views;
}

function sum(counts: readonly TrafficCount[]): TrafficCount {
  return {
    packets: counts.reduce((total, { packets }) => total + packets, 0n),
    bytes: counts.reduce((total, { bytes }) => total + bytes, 0n),
  };
}
