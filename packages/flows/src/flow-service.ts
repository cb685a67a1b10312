/**
 * Flows of one node: the store that records are copied to, what their numbers stand for, and answers to queries. Whoever reads the
 * kernel's buffer writes into {@link FlowService.store}.
 */
import { EventClock } from '@waggle/datapath/events';
import { FlowDecoder } from './decode/flow-decoder.ts';
import { CompiledFilters } from './filter/compile.ts';
import type { Flow } from './flow.ts';
import { FlowMetrics } from './metrics/flow-metrics.ts';
import { type NameChange, Names } from './names/names.ts';
import { AgentEventLog } from './query/agent-event-log.ts';
import { Arrivals } from './query/arrivals.ts';
import { checkQuery } from './query/check-query.ts';
import { RunningQuery } from './query/flow-query.ts';
import type {
  AgentEvent,
  EventQuery,
  FlowNamespace,
  FlowNode,
  FlowQuery,
  FlowSource,
  FlowStatus,
  LostEvents,
} from './source.ts';
import { FlowStore, Lost } from './store/flow-store.ts';
import type { RecordView } from './store/record.ts';

export interface FlowServiceOptions {
  readonly nodeName: string;
  readonly version: string;
  /** `key=value`, of the node. */
  readonly nodeLabels?: readonly string[];
  /** MiB of memory for flows; 64 by default. */
  readonly megabytes?: number;
  /** Metrics of flows, as the field writes them: `drop:sourceContext=pod`; all, told apart by nothing more, by default. */
  readonly metrics?: readonly string[];
  /** Clocks; tests have others. */
  readonly now?: () => bigint;
  readonly wallTime?: (time: bigint) => bigint;
}

export const DEFAULT_MEGABYTES = 64;
const SECOND = 1000;
/** Seconds over which the rate is taken. */
const RATE_SECONDS = 60;
const HOUR = 3600n * 1_000_000_000n;
const DEFAULT_CLUSTER = 'default';

/** Told of each record that has come; it must be quick. */
export type RecordListener = (record: RecordView) => void;

export class FlowService implements FlowSource, Disposable {
  readonly store: FlowStore;
  readonly names = new Names();
  readonly #options: FlowServiceOptions;
  readonly #now: () => bigint;
  readonly #wallTime: (time: bigint) => bigint;
  readonly #decoder: FlowDecoder;
  readonly #arrivals = new Arrivals();
  readonly #agentEvents = new AgentEventLog();
  readonly #started: bigint;
  readonly #metrics: FlowMetrics;
  readonly #listeners = new Set<RecordListener>();
  readonly #samples: number[] = [0];
  readonly #housekeeping: NodeJS.Timeout;
  #announced = false;
  #lossRecords = 0;
  readonly #lost = { kernelBuffer: 0, kernelRate: 0, store: 0 };
  #followers = 0;

  /** @throws WaggleError OUT_OF_RANGE for a size that cannot be, MALFORMED for metrics that nobody knows. */
  constructor(options: FlowServiceOptions) {
    this.#options = options;
    const clock = new EventClock();
    this.#now = options.now ?? process.hrtime.bigint;
    this.#wallTime = options.wallTime ?? ((time) => clock.wallTime(time));
    this.#started = this.#now();
    this.store = new FlowStore(options.megabytes ?? DEFAULT_MEGABYTES, (record) => this.#arrived(record));
    this.#decoder = new FlowDecoder(this.store, {
      names: this.names,
      nodeName: options.nodeName,
      wallTime: this.#wallTime,
    });
    this.#metrics = new FlowMetrics(
      {
        lastFlow: () => this.#decoder.flowOf(this.store.last),
        namesVersion: () => this.names.version,
        lost: () => this.#lost,
      },
      options.metrics,
    );
    this.#housekeeping = setInterval(() => this.#keepHouse(), SECOND).unref();
  }

  /** What numbers stand for has changed. */
  rename(changes: Iterable<NameChange>): void {
    this.names.apply(changes, Number(this.#now()));
  }

  /** Events never came from the kernel. */
  noteLost({ full, limited }: { readonly full: bigint; readonly limited: bigint }): void {
    const now = this.#now();
    if (full > 0n) this.#note(Lost.KernelBuffer, Number(full), now);
    if (limited > 0n) this.#note(Lost.KernelRate, Number(limited), now);
  }

  noteAgentEvent(event: AgentEvent): void {
    this.#agentEvents.add(event);
  }

  /** Calls back with each record, from now on. */
  listen(listener: RecordListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  flows(query: FlowQuery, signal?: AbortSignal): AsyncIterable<Flow | LostEvents> {
    checkQuery(query);
    const { allow = [], deny = [] } = query;
    const { nodeLabels = [] } = this.#options;
    const filters = new CompiledFilters(allow, deny, { names: this.names, nodeLabels });
    return this.#answers(filters, query, signal);
  }

  agentEvents(query: EventQuery, signal?: AbortSignal): AsyncIterable<AgentEvent | LostEvents> {
    return this.#agentEvents.query(query, signal);
  }

  status(): FlowStatus {
    const { nodeName, version } = this.#options;
    const { store } = this;
    const oldest = store.size > 0 ? this.#timeOf(store.first) : undefined;
    const seconds = Math.max(1, this.#samples.length - 1);
    return {
      nodeName,
      version,
      stored: store.size,
      capacity: store.capacity,
      seen: store.last - this.#lossRecords,
      uptime: this.#now() - this.#started,
      rate: (store.last - (this.#samples[0] ?? 0)) / seconds,
      ...(oldest !== undefined && { oldest }),
      lost: { ...this.#lost },
      followers: this.#followers,
    };
  }

  /** The metrics of flows, in Prometheus' format. */
  metrics(): Promise<string> {
    return this.#metrics.text();
  }

  nodes(): FlowNode[] {
    const { nodeName, version, uptime, seen, stored, capacity } = this.status();
    return [{ name: nodeName, version, uptime, seen, stored, capacity }];
  }

  namespaces(): FlowNamespace[] {
    const { store } = this;
    const oldest = Number(this.#now() - HOUR);
    const identities = new Map<number, number>();
    const view = store.view();
    for (let sequence = store.first; sequence <= store.last; sequence++) {
      const { time, source, destination } = view.moveTo(store.wordOf(sequence));
      if (time < oldest) continue;
      identities.set(source, time);
      identities.set(destination, time);
    }
    const found = new Map<string, FlowNamespace>();
    for (const [identity, time] of identities) {
      const { namespace, cluster = DEFAULT_CLUSTER } = this.names.labelsOf(identity, time) ?? {};
      if (namespace !== undefined) found.set(`${cluster}/${namespace}`, { namespace, cluster });
    }
    return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
  }

  close(): void {
    clearInterval(this.#housekeeping);
    this.#listeners.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async *#answers(
    filters: CompiledFilters,
    query: FlowQuery,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Flow | LostEvents, void, undefined> {
    const context = {
      store: this.store,
      decoder: this.#decoder,
      filters,
      arrivals: this.#arrivals,
      wallTime: this.#wallTime,
      now: this.#now,
      onLost: (count: number) => {
        this.#lost.store += count;
      },
    };
    const follows = query.follow ? 1 : 0;
    this.#followers += follows;
    try {
      yield* new RunningQuery(context, query, signal).answers();
    } finally {
      this.#followers -= follows;
    }
  }

  #arrived(record: RecordView): void {
    this.#metrics.count(record);
    for (const listener of this.#listeners) listener(record);
    if (this.#announced || this.#arrivals.waiting === 0) return;
    this.#announced = true;
    // Once for all that come in one go.
    setImmediate(() => {
      this.#announced = false;
      this.#arrivals.announce();
    });
  }

  #note(where: number, count: number, time: bigint): void {
    this.#lossRecords++;
    if (where === Lost.KernelRate) this.#lost.kernelRate += count;
    else this.#lost.kernelBuffer += count;
    this.store.noteLost(where, count, time);
  }

  #timeOf(sequence: number): bigint {
    return this.#wallTime(this.store.view().moveTo(this.store.wordOf(sequence)).exactTime);
  }

  #keepHouse(): void {
    this.#samples.push(this.store.last);
    if (this.#samples.length > RATE_SECONDS + 1) this.#samples.shift();
    const { store } = this;
    if (store.size === 0) return;
    this.names.forgetBefore(store.view().moveTo(store.wordOf(store.first)).time);
  }
}
