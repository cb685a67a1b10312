/**
 * Brings the events of the datapath to those who follow. They are read whether anybody follows or not, so that the buffer holds what is
 * new; names are looked up only for those who follow.
 */
import type { Datapath, EventReader, LostEvents } from '@waggle/datapath';
import type { EventHub } from './hub.ts';
import { type EventNames, monitorEvent } from './monitor-event.ts';

export class EventFeed implements Disposable {
  readonly #reader: EventReader;
  readonly #hub: EventHub;

  /** @param onError - Told what goes wrong with one event; the others come nevertheless. */
  constructor(
    datapath: Pick<Datapath, 'readEvents'>,
    hub: EventHub,
    names: EventNames,
    onError: (error: unknown) => void,
  ) {
    this.#hub = hub;
    const onLost = (lost: LostEvents): void => this.#tellLost(lost);
    this.#reader = datapath.readEvents(
      (event) => {
        if (hub.isFollowed) hub.publish(monitorEvent(event, names));
      },
      { onLost, onError },
    );
  }

  /** Events that were read, and those that never came since the maps were made. */
  get counts(): { readonly seen: number; readonly lost: number } {
    const { full, limited } = this.#reader.lost;
    return { seen: this.#reader.count, lost: Number(full + limited) };
  }

  close(): void {
    this.#reader.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #tellLost({ full, limited }: LostEvents): void {
    const time = new Date().toISOString();
    const kinds = [
      ['buffer-full', full],
      ['rate-limit', limited],
    ] as const;
    for (const [reason, count] of kinds) {
      if (count > 0n)
        this.#hub.publish({ type: 'lost', time, source: 'kernel', reason, count: Number(count) });
    }
  }
}
