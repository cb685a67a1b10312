/** The last things that the agent did, and those to come, for whoever asks. */
import type { AgentEvent, EventQuery, LostEvents } from '../source.ts';
import { Arrivals } from './arrivals.ts';
import { checkQuery } from './check-query.ts';

const CAPACITY = 1024;

export class AgentEventLog {
  readonly #arrivals = new Arrivals();
  #events: AgentEvent[] = [];
  /** How many came before those that are here. */
  #gone = 0;

  add(event: AgentEvent): void {
    this.#events.push(event);
    if (this.#events.length > CAPACITY) {
      const extra = this.#events.length - CAPACITY;
      this.#events = this.#events.slice(extra);
      this.#gone += extra;
    }
    this.#arrivals.announce();
  }

  /** @throws WaggleError OUT_OF_RANGE, MALFORMED: on the call itself. */
  query(query: EventQuery, signal?: AbortSignal): AsyncIterable<AgentEvent | LostEvents> {
    checkQuery(query);
    return this.#answers(query, signal);
  }

  async *#answers(
    { number, first = false, follow = false, since = 0n, until }: EventQuery,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<AgentEvent | LostEvents, void, undefined> {
    const isWanted = ({ time }: AgentEvent): boolean =>
      time >= since && (until === undefined || time <= until);
    const isPast = !follow || number !== undefined || since > 0n;
    let past = isPast ? this.#events.filter(isWanted) : [];
    if (number !== undefined) past = first ? past.slice(0, number) : past.slice(past.length - number);
    let next = this.#gone + this.#events.length;
    yield* past;
    while (follow && !signal?.aborted) {
      if (until !== undefined && BigInt(Date.now()) * 1_000_000n > until) return;
      if (next < this.#gone) {
        yield {
          kind: 'lost',
          where: 'store',
          count: this.#gone - next,
          time: BigInt(Date.now()) * 1_000_000n,
        };
        next = this.#gone;
      }
      const event = this.#events[next - this.#gone];
      if (!event) {
        await this.#arrivals.wait(signal, until === undefined ? undefined : 1000);
        continue;
      }
      next++;
      if (isWanted(event)) yield event;
    }
  }
}
