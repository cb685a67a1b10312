/**
 * Brings the events of the datapath to those who follow. The thread of flows reads them, and hands its records over only while somebody
 * follows; names are looked up here.
 */
import { codecOf } from '@waggle/bpf';
import { decodeEvent, Event, EventClock } from '@waggle/datapath/events';
import type { EventHub } from './hub.ts';
import { type EventNames, monitorEvent } from './monitor-event.ts';

const codec = codecOf(Event);

export class EventFeed {
  readonly #hub: EventHub;
  readonly #names: EventNames;
  readonly #clock = new EventClock();

  constructor(hub: EventHub, names: EventNames) {
    this.#hub = hub;
    this.#names = names;
  }

  /** Tells of records as the kernel wrote them, one behind the other. */
  tell(records: Uint8Array): void {
    const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
    for (let offset = 0; offset + codec.size <= records.length; offset += codec.size) {
      const event = decodeEvent(codec.read(view, offset), this.#clock);
      if (event) this.#hub.publish(monitorEvent(event, this.#names));
    }
  }

  /** Tells of events that never came. */
  tellLost({ full, limited }: { readonly full: number; readonly limited: number }): void {
    const time = new Date().toISOString();
    const kinds = [
      ['buffer-full', full],
      ['rate-limit', limited],
    ] as const;
    for (const [reason, count] of kinds) {
      if (count > 0) this.#hub.publish({ type: 'lost', time, source: 'kernel', reason, count });
    }
  }
}
