/** The sockets of all labels, and the labels themselves: for root, who may make them. */
import type { Socket } from '@waggle/kernel';
import { BindingStore } from './binding-store.ts';
import { type LabelOwner, setOwner } from './label-maps.ts';
import { LabelSockets, type RegisteredSocket, type RegisterOptions } from './label-sockets.ts';
import { LabelTable } from './label-table.ts';
import type { Steering } from './steering.ts';

export class Registry {
  readonly #steering: Steering;

  constructor(steering: Steering) {
    this.#steering = steering;
  }

  /** All sockets, by label and kind. */
  list(): RegisteredSocket[] {
    return new LabelTable(this.#steering).names.flatMap((label) =>
      this.#with(label, (found) => found.list()),
    );
  }

  /**
   * Gives connections of a label to sockets, as {@link LabelSockets.register} does; a label that is new is made.
   * @throws WaggleError
   */
  register(label: string, sockets: readonly Socket[], options?: RegisterOptions): RegisteredSocket[] {
    using _lock = this.#steering.lock();
    const labels = new LabelTable(this.#steering);
    labels.reserve(label);
    labels.commit();
    try {
      return this.#with(label, (found) => found.register(sockets, options));
    } catch (error) {
      new BindingStore(this.#steering).forgetUnused();
      throw error;
    }
  }

  /** As {@link LabelSockets.unregister}; a label that is of no use any more goes. @throws WaggleError NOT_FOUND */
  unregister(label: string, cookie?: bigint): RegisteredSocket[] {
    using _lock = this.#steering.lock();
    new LabelTable(this.#steering).idOf(label);
    const gone = this.#with(label, (found) => found.unregister(cookie));
    new BindingStore(this.#steering).forgetUnused();
    return gone;
  }

  /** As {@link LabelSockets.drain}. @throws WaggleError NOT_FOUND */
  drain(label: string, cookie: bigint): void {
    using _lock = this.#steering.lock();
    new LabelTable(this.#steering).idOf(label);
    this.#with(label, (found) => found.drain(cookie));
  }

  /** Makes a label that stays without bindings and sockets, and says who may register sockets with it. @throws WaggleError FULL */
  declare(label: string, owner: LabelOwner): void {
    using _lock = this.#steering.lock();
    const labels = new LabelTable(this.#steering);
    labels.reserve(label);
    labels.commit();
    labels.declare(label, true);
    setOwner(this.#steering.directory, label, owner);
  }

  /** Gives a label back to root; it goes when it has neither bindings nor sockets. @throws WaggleError NOT_FOUND */
  forget(label: string): void {
    using _lock = this.#steering.lock();
    const labels = new LabelTable(this.#steering);
    labels.idOf(label);
    setOwner(this.#steering.directory, label);
    labels.declare(label, false);
    new BindingStore(this.#steering).forgetUnused();
  }

  #with<Result>(label: string, body: (found: LabelSockets) => Result): Result {
    using found = LabelSockets.open(this.#steering.directory, label);
    return body(found);
  }
}
