/** Endpoints that come at the same time share one change of the kernel's policies. */
import type { Enforcer } from './enforcer.ts';

export class SharedEnforcement {
  readonly #enforcer: Pick<Enforcer, 'enforce'>;
  /** Those who wait for the next time that policies are put in force. */
  #waiting: (() => void)[] = [];

  constructor(enforcer: Pick<Enforcer, 'enforce'>) {
    this.#enforcer = enforcer;
  }

  /** Answers when everything was put in force. */
  next(): Promise<void> {
    if (this.#waiting.length === 0) {
      setImmediate(() => {
        const waiting = this.#waiting;
        this.#waiting = [];
        this.#enforcer.enforce();
        for (const done of waiting) done();
      });
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
