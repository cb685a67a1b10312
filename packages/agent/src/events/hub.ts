/** Everything that happens, told to everybody who follows. */
import type { EventControl, MonitorEvent } from '../control.ts';

type Follower = (event: MonitorEvent) => void;

export class EventHub implements EventControl {
  readonly #followers = new Set<Follower>();

  /** Whether anybody follows: nothing has to be made of events that nobody wants. */
  get isFollowed(): boolean {
    return this.#followers.size > 0;
  }

  follow(next: Follower): Disposable {
    // A function of its own for each, so that one that follows twice is told twice.
    const follower: Follower = (event) => next(event);
    this.#followers.add(follower);
    return { [Symbol.dispose]: () => void this.#followers.delete(follower) };
  }

  publish(event: MonitorEvent): void {
    for (const follower of this.#followers) follower(event);
  }
}
