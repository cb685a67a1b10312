/**
 * Counts flows. Each record is counted under a number that is made of it as it is; Prometheus' texts are made when somebody asks for
 * them. Only where metrics are to be told apart by names, flows are decoded, and that is remembered for each pair of ends.
 */
import { Counter, Registry } from 'prom-client';
import { PacketPeek } from '../decode/packet-peek.ts';
import { isFlow } from '../decode/record-facts.ts';
import type { Flow } from '../flow.ts';
import type { FlowStatus } from '../source.ts';
import type { RecordView } from '../store/record.ts';
import { contextLabels, contextValues } from './context-values.ts';
import { METRIC_KINDS, type MetricKind } from './metric-kinds.ts';
import { DEFAULT_METRICS, type MetricOptions, parseMetricOptions } from './metric-options.ts';

/** What metrics ask the service. */
export interface MetricSources {
  /** The flow of the record that has just come. */
  readonly lastFlow: () => Flow;
  /** Grows when names change. */
  readonly namesVersion: () => number;
  readonly lost: () => FlowStatus['lost'];
}

/** Counts by key; by the values of contexts first, where there are any. */
type Counts = Map<number, number>;

/** So many different pairs of ends are remembered. */
const MOST_ENDS = 65_536;
/** So many series has one metric at most: what comes after that is counted under `other`. */
const MOST_SERIES = 10_000;
const OVERFLOW = 'other';
const SEPARATOR = '\u0000';

export class FlowMetrics {
  readonly #registry = new Registry();
  readonly #packet = new PacketPeek();
  readonly #metrics: readonly CountedMetric[];
  readonly #withContext: boolean;
  readonly #sources: MetricSources;

  /**
   * @param wanted - As {@link parseMetricOptions} reads them; all by default.
   * @throws WaggleError MALFORMED
   */
  constructor(sources: MetricSources, wanted: readonly string[] = DEFAULT_METRICS) {
    this.#sources = sources;
    this.#metrics = wanted.map((text) => new CountedMetric(parseMetricOptions(text), this.#registry));
    this.#withContext = this.#metrics.some(({ hasContext }) => hasContext);
    this.#countLosses();
  }

  /** Counts the record that has just come. */
  count(record: RecordView): void {
    if (!isFlow(record)) return;
    const packet = this.#packet.look(record);
    let flow: Flow | undefined;
    const { lastFlow, namesVersion } = this.#sources;
    const ends = this.#withContext ? endsOf(record, packet) : '';
    for (const metric of this.#metrics) {
      const key = metric.kind.keyOf(record, packet);
      if (key < 0) continue;
      if (!metric.hasContext) {
        metric.count('', key);
        continue;
      }
      const known = metric.contextOf(ends, namesVersion());
      if (known === undefined) flow ??= lastFlow();
      metric.count(known ?? metric.remember(ends, flow), key);
    }
  }

  /** In Prometheus' format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #countLosses(): void {
    const { lost } = this.#sources;
    new Counter({
      name: 'hubble_lost_events_total',
      help: 'Events that never came',
      labelNames: ['source'],
      registers: [this.#registry],
      collect() {
        this.reset();
        const { kernelBuffer, kernelRate, store } = lost();
        this.inc({ source: 'perf_event_ring_buffer' }, kernelBuffer);
        this.inc({ source: 'rate_limit' }, kernelRate);
        this.inc({ source: 'hubble_ring_buffer' }, store);
      },
    });
  }
}

class CountedMetric {
  readonly kind: MetricKind;
  readonly hasContext: boolean;
  readonly #options: MetricOptions;
  /** By the values of contexts, joined. */
  readonly #counts = new Map<string, Counts>();
  #series = 0;
  readonly #known = new Map<string, string>();
  #version = -1;

  constructor(options: MetricOptions, registry: Registry) {
    this.#options = options;
    this.kind = METRIC_KINDS[options.metric];
    const more = contextLabels(options);
    this.hasContext = more.length > 0;
    const labelNames = [...this.kind.labels, ...more];
    const series = () => this.#all(more.length);
    new Counter({
      name: this.kind.name,
      help: this.kind.help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset();
        for (const [values, count] of series()) {
          this.inc(Object.fromEntries(labelNames.map((name, index) => [name, values[index] ?? ''])), count);
        }
      },
    });
  }

  count(context: string, key: number): void {
    let counts = this.#counts.get(context);
    if (!counts) {
      counts = new Map();
      this.#counts.set(context, counts);
    }
    const before = counts.get(key);
    if (before === undefined && ++this.#series > MOST_SERIES && context !== OVERFLOW && this.hasContext) {
      this.count(OVERFLOW, key);
      return;
    }
    counts.set(key, (before ?? 0) + 1);
  }

  /** The values of contexts for two ends, if they are known. */
  contextOf(ends: string, version: number): string | undefined {
    if (version !== this.#version || this.#known.size > MOST_ENDS) this.#known.clear();
    this.#version = version;
    return this.#known.get(ends);
  }

  remember(ends: string, flow: Flow | undefined): string {
    const context = flow ? contextValues(this.#options, flow).join(SEPARATOR) : '';
    this.#known.set(ends, context);
    return context;
  }

  *#all(contexts: number): Generator<readonly [string[], number]> {
    for (const [context, counts] of this.#counts) {
      const more = context === OVERFLOW ? Array<string>(contexts).fill(OVERFLOW) : context.split(SEPARATOR);
      for (const [key, count] of counts) yield [[...this.kind.valuesOf(key), ...more], count];
    }
  }
}

/** All that the names of a record's ends depend on, but the names themselves. */
function endsOf(record: RecordView, { source, destination }: PacketPeek): string {
  const { type, subtype, towards, reason, interface: device } = record;
  const about = `${type},${subtype},${towards},${reason},${device},${record.source},${record.destination}`;
  const original = record.hasOriginalSource ? record.originalSource.join() : '';
  return `${about},${source.join()},${destination.join()},${original},${record.cookie}`;
}
