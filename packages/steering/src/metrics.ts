/** The status as metrics for Prometheus. */

import { formatPrefix } from '@waggle/kernel';
import { Counter, Gauge, Registry as MetricRegistry } from 'prom-client';
import { formatPorts } from './ports.ts';
import { labelStatus } from './status.ts';
import type { Steering } from './steering.ts';

const COUNTS = {
  lookups: 'Packets that met bindings of the label.',
  hits: 'Packets given to a socket.',
  misses: 'Packets for which no socket of the label was alive.',
  dropped: 'Packets refused because no socket was alive.',
  errors: 'Sockets that the kernel did not take.',
} as const;

/** The metrics in the text format of Prometheus. */
export async function metricsText(steering: Steering): Promise<string> {
  const registry = new MetricRegistry();
  const registers = [registry];
  const status = labelStatus(steering);
  for (const [name, help] of Object.entries(COUNTS)) {
    const labelNames = ['label'];
    const counter = new Counter({ name: `waggle_steering_${name}_total`, help, labelNames, registers });
    for (const each of status) counter.inc({ label: each.label }, Number(each[name as keyof typeof COUNTS]));
  }
  const sockets = new Gauge({
    name: 'waggle_steering_sockets',
    help: 'Sockets of the label by kind and state.',
    labelNames: ['label', 'kind', 'state'],
    registers,
  });
  const bindings = new Counter({
    name: 'waggle_steering_binding_lookups_total',
    help: 'Packets that met the binding.',
    labelNames: ['label', 'protocol', 'prefix', 'port'],
    registers,
  });
  for (const each of status) {
    for (const { kind, state } of each.sockets) sockets.inc({ label: each.label, kind, state });
    for (const { label, protocol, prefix, ports, lookups } of each.bindings) {
      bindings.inc(
        { label, protocol, prefix: formatPrefix(prefix), port: formatPorts(ports) },
        Number(lookups),
      );
    }
  }
  return registry.metrics();
}
