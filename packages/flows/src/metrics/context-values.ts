/** What the ends of a flow are called in metrics: contexts, as the field names them. */
import type { Flow, FlowEndpoint } from '../flow.ts';
import type { Context, ContextLabel, MetricOptions } from './metric-options.ts';

/** The labels that a metric has beside its own. */
export const contextLabels = ({ source, destination, labels }: MetricOptions): string[] => [
  ...(source.length > 0 ? ['source'] : []),
  ...(destination.length > 0 ? ['destination'] : []),
  ...labels,
];

/** Their values for a flow, in the same order. */
export function contextValues({ source, destination, labels }: MetricOptions, flow: Flow): string[] {
  return [
    ...(source.length > 0 ? [nameOf(source, flow.source, flow.ip?.source)] : []),
    ...(destination.length > 0 ? [nameOf(destination, flow.destination, flow.ip?.destination)] : []),
    ...labels.map((label) => labelOf(label, flow)),
  ];
}

/** The first name that an end has. */
function nameOf(contexts: readonly Context[], end: FlowEndpoint, address: string | undefined): string {
  for (const context of contexts) {
    const name = contextOf(context, end, address);
    if (name !== '') return name;
  }
  return '';
}

const APP_KEYS = ['app', 'k8s-app', 'app.kubernetes.io/name'];

function contextOf(context: Context, end: FlowEndpoint, address = ''): string {
  const { namespace, name, labels, workloads } = end;
  switch (context) {
    case 'identity':
      return labels.join(',');
    case 'reserved-identity':
      return labels.find((label) => label.startsWith('reserved:')) ?? '';
    case 'namespace':
      return namespace ?? '';
    case 'pod':
      return name === undefined ? '' : namespace === undefined ? name : `${namespace}/${name}`;
    case 'pod-name':
      return name ?? '';
    case 'workload': {
      const workload = workloads?.[0]?.name;
      return workload === undefined ? '' : namespace === undefined ? workload : `${namespace}/${workload}`;
    }
    case 'workload-name':
      return workloads?.[0]?.name ?? '';
    case 'app':
      return appOf(labels);
    case 'ip':
      return address;
  }
}

function appOf(labels: readonly string[]): string {
  for (const key of APP_KEYS) {
    for (const label of labels) {
      const name = label.slice(label.indexOf(':') + 1);
      if (name.startsWith(`${key}=`)) return name.slice(key.length + 1);
    }
  }
  return '';
}

function labelOf(label: ContextLabel, { source, destination, ip, direction }: Flow): string {
  switch (label) {
    case 'traffic_direction':
      return direction ?? 'unknown';
    case 'source_ip':
      return ip?.source ?? '';
    case 'destination_ip':
      return ip?.destination ?? '';
    case 'source_namespace':
      return source.namespace ?? '';
    case 'destination_namespace':
      return destination.namespace ?? '';
    case 'source_pod':
      return source.name ?? '';
    case 'destination_pod':
      return destination.name ?? '';
    case 'source_workload':
      return contextOf('workload-name', source);
    case 'destination_workload':
      return contextOf('workload-name', destination);
    case 'source_app':
      return appOf(source.labels);
    case 'destination_app':
      return appOf(destination.labels);
  }
}
