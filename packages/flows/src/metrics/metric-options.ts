/**
 * Which metrics of flows are kept, and by what they are told apart: the field's notation,
 * `drop:sourceContext=pod|ip;destinationContext=identity;labelsContext=source_ip,traffic_direction`.
 */
import { WaggleError } from '@waggle/bpf';
import { METRIC_NAMES, type MetricName } from './metric-kinds.ts';

/** What an end is called: the first of these that it has. */
export const CONTEXTS = [
  'identity',
  'reserved-identity',
  'namespace',
  'pod',
  'pod-name',
  'workload',
  'workload-name',
  'app',
  'ip',
] as const;
export type Context = (typeof CONTEXTS)[number];

const END_LABELS = ['ip', 'namespace', 'pod', 'workload', 'app'] as const;
/** What labelsContext can name. */
export const CONTEXT_LABELS = [
  ...END_LABELS.map((name) => `source_${name}` as const),
  ...END_LABELS.map((name) => `destination_${name}` as const),
  'traffic_direction',
] as const;
export type ContextLabel = (typeof CONTEXT_LABELS)[number];

export interface MetricOptions {
  readonly metric: MetricName;
  readonly source: readonly Context[];
  readonly destination: readonly Context[];
  readonly labels: readonly ContextLabel[];
}

/** All metrics, told apart by nothing more. */
export const DEFAULT_METRICS: readonly string[] = METRIC_NAMES;

/** @throws WaggleError MALFORMED that says what is known. */
export function parseMetricOptions(text: string): MetricOptions {
  const colon = text.indexOf(':');
  const metric = oneOf(METRIC_NAMES, 'metric of flows', colon < 0 ? text : text.slice(0, colon));
  const given = new Map<string, string>();
  for (const option of colon < 0 ? [] : text.slice(colon + 1).split(';')) {
    const equals = option.indexOf('=');
    const name = oneOf(
      OPTIONS,
      `option of the metric ${metric}`,
      equals < 0 ? option : option.slice(0, equals),
    );
    given.set(name, option.slice(equals + 1));
  }
  const list = (name: string, separator: string) => given.get(name)?.split(separator) ?? [];
  const context = (name: string) => list(name, '|').map((each) => oneOf(CONTEXTS, 'context', each));
  return {
    metric,
    source: context('sourceContext'),
    destination: context('destinationContext'),
    labels: list('labelsContext', ',').map((each) => oneOf(CONTEXT_LABELS, 'label', each)),
  };
}

const OPTIONS = ['sourceContext', 'destinationContext', 'labelsContext'] as const;

function oneOf<const Name extends string>(known: readonly Name[], what: string, name: string): Name {
  const found = known.find((each) => each === name);
  if (found !== undefined) return found;
  throw new WaggleError('MALFORMED', `There is no ${what} "${name}"`, {
    hint: `Use one of ${known.join(', ')}`,
  });
}
