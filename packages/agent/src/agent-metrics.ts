/** The figures of an agent, under names that Prometheus takes. */
import { FIRST_DROP } from '@waggle/datapath';
import type { Agent } from './agent.ts';
import type { MetricView } from './control.ts';

export function metricViews(agent: Agent): MetricView[] {
  return [
    ...[...endpoints(agent), ...policy(agent), ...addresses(agent), ...traffic(agent)],
    metric('flow_thread_restarts_total', agent.eventCounts().restarts),
    ...process_(),
  ];
}

const metric = (name: string, value: number, labels: Readonly<Record<string, string>> = {}): MetricView => ({
  name: `waggle_${name}`,
  labels,
  value,
});

function endpoints({ endpoints }: Agent): MetricView[] {
  const states = new Map<string, number>();
  for (const { state } of endpoints.table) states.set(state, (states.get(state) ?? 0) + 1);
  return [...states].map(([state, count]) => metric('endpoint_state', count, { endpoint_state: state }));
}

function policy({ identities, book, repository, controllers }: Agent): MetricView[] {
  const cidrs = identities.cidrs().size;
  return [
    metric('identity', identities.list().length - cidrs, { type: 'cluster_local' }),
    metric('identity', cidrs, { type: 'node_local' }),
    metric('policy', book.ruleCount),
    metric('policy_max_revision', repository.revision),
    ...controllers
      .statuses()
      .flatMap(({ name, successes, failures, consecutiveFailures }) => [
        metric('controllers_runs_total', successes, { name, status: 'success' }),
        metric('controllers_runs_total', failures, { name, status: 'failure' }),
        metric('controllers_failing', consecutiveFailures > 0 ? 1 : 0, { name }),
      ]),
  ];
}

const addresses = ({ addresses }: Agent): MetricView[] =>
  addresses
    .usage()
    .flatMap(({ family, used, of }) => [
      metric('ip_addresses', used, { family }),
      metric('ipam_capacity', Number(of), { family }),
    ]);

function traffic({ datapath }: Agent): MetricView[] {
  return datapath.metrics().flatMap(({ reason, towards, packets, bytes }) => {
    const direction = towards === 'Endpoint' ? 'ingress' : 'egress';
    const dropped = reason >= FIRST_DROP;
    const labels = { direction, ...(dropped && { reason: String(reason) }) };
    const kind = dropped ? 'drop' : 'forward';
    return [
      metric(`${kind}_count_total`, Number(packets), labels),
      metric(`${kind}_bytes_total`, Number(bytes), labels),
    ];
  });
}

function process_(): MetricView[] {
  const { rss, heapUsed } = process.memoryUsage();
  return [
    metric('process_resident_memory_bytes', rss),
    metric('process_heap_bytes', heapUsed),
    metric('process_cpu_seconds_total', process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6),
  ];
}
