/** Flows in an array, as a source: those that there are, those that come, and what was asked of it. It looks at no filters. */
import { EventEmitter, once } from 'node:events';
import type { Flow } from '../../flow.ts';
import { checkQuery } from '../../query/check-query.ts';
import type { AgentEvent, EventQuery, FlowQuery, FlowSource, LostEvents } from '../../source.ts';

export class MemorySource implements FlowSource {
  readonly queries: FlowQuery[] = [];
  /** Streams that are open. */
  followers = 0;
  readonly #flows: (Flow | LostEvents)[];
  readonly #agentEvents: AgentEvent[];
  readonly #news = new EventEmitter().setMaxListeners(0);

  constructor(flows: readonly (Flow | LostEvents)[], agentEvents: readonly AgentEvent[] = []) {
    this.#flows = [...flows];
    this.#agentEvents = [...agentEvents];
  }

  push(flow: Flow | LostEvents): void {
    this.#flows.push(flow);
    this.#news.emit('event');
  }

  flows(query: FlowQuery, signal?: AbortSignal): AsyncIterable<Flow | LostEvents> {
    checkQuery(query);
    this.queries.push(query);
    return this.#answer(this.#flows, query, signal);
  }

  agentEvents(query: EventQuery, signal?: AbortSignal): AsyncIterable<AgentEvent> {
    checkQuery(query);
    return this.#answer(this.#agentEvents, query, signal);
  }

  status() {
    return {
      nodeName: 'lab',
      version: '0.1.0',
      stored: this.#flows.length,
      capacity: 4095,
      seen: this.#flows.length + 10,
      uptime: 61_000_000_000n,
      rate: 2.5,
      lost: { kernelBuffer: 0, kernelRate: 0, store: 0 },
      followers: this.followers,
    };
  }

  nodes() {
    const { version, uptime, seen, stored, capacity } = this.status();
    return [{ name: 'lab', version, uptime, seen, stored, capacity }];
  }

  namespaces() {
    return [
      { cluster: 'default', namespace: 'backend' },
      { cluster: 'default', namespace: 'default' },
    ];
  }

  async *#answer<T extends { readonly time: bigint }>(
    all: readonly T[],
    { number, first, follow, since, until }: EventQuery,
    signal?: AbortSignal,
  ): AsyncGenerator<T> {
    const inTime = all.filter(
      ({ time }) => (since === undefined || time >= since) && (until === undefined || time <= until),
    );
    const isNothing = follow && number === undefined && since === undefined;
    if (!isNothing)
      yield* number === undefined ? inTime : first ? inTime.slice(0, number) : inTime.slice(-number);
    if (!follow) return;
    this.followers += 1;
    try {
      for (let next = all.length; !signal?.aborted; ) {
        const event = all[next];
        if (event === undefined) await once(this.#news, 'event', { signal }).catch(() => {});
        else {
          next += 1;
          yield event;
        }
      }
    } finally {
      this.followers -= 1;
    }
  }
}
