/** Everything that happens, told to everybody who follows. */
import type { EventControl, MonitorEvent } from '../control.ts';

type Follower = (event: MonitorEvent) => void;

export class EventHub implements EventControl {
  readonly #followers = new Set<Follower>();
  readonly #onFollowed: (isFollowed: boolean) => void;

  /** @param onFollowed - Told when the first one comes, and when the last one has gone. */
  constructor(onFollowed: (isFollowed: boolean) => void = () => {}) {
    this.#onFollowed = onFollowed;
  }

  /** Whether anybody follows: nothing has to be made of events that nobody wants. */
  get isFollowed(): boolean {
    return this.#followers.size > 0;
  }

  follow(next: Follower): Disposable {
    // A function of its own for each, so that one that follows twice is told twice.
    const follower: Follower = (event) => next(event);
    this.#followers.add(follower);
    if (this.#followers.size === 1) this.#onFollowed(true);
    return {
      [Symbol.dispose]: () => {
        if (this.#followers.delete(follower) && !this.isFollowed) this.#onFollowed(false);
      },
    };
  }

  publish(event: MonitorEvent): void {
    for (const follower of this.#followers) follower(event);
  }
}
