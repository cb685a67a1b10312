/**
 * Work that is done again and again until it succeeds: each piece has a name, counts of how it went, and is tried again
 * after a pause that doubles.
 */
import type { ControllerStatus } from './control.ts';

const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 60_000;

interface Controller {
  status: ControllerStatus;
  pause: number;
  timer?: NodeJS.Timeout;
}

export interface ControllersOptions {
  /** Told of each failure, before it is tried again. */
  readonly onFailure?: (name: string, error: Error) => void;
}

export class Controllers implements Disposable {
  readonly #controllers = new Map<string, Controller>();
  readonly #onFailure: (name: string, error: Error) => void;
  #closed = false;

  constructor({ onFailure = () => {} }: ControllersOptions = {}) {
    this.#onFailure = onFailure;
  }

  /**
   * Does something now, and again later if it fails.
   * @returns the error of this attempt; undefined when it succeeded.
   */
  run(name: string, work: () => void): Error | undefined {
    const controller = this.#controller(name);
    clearTimeout(controller.timer);
    const time = new Date().toISOString();
    const { status } = controller;
    try {
      work();
      controller.pause = FIRST_PAUSE;
      const { lastError: _, ...rest } = status;
      controller.status = {
        ...rest,
        successes: status.successes + 1,
        consecutiveFailures: 0,
        lastSuccess: time,
      };
      return undefined;
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      controller.status = {
        ...status,
        failures: status.failures + 1,
        consecutiveFailures: status.consecutiveFailures + 1,
        lastError: error.message,
        lastFailure: time,
      };
      if (!this.#closed) {
        controller.timer = setTimeout(() => this.run(name, work), controller.pause);
        controller.timer.unref();
        controller.pause = Math.min(controller.pause * 2, LONGEST_PAUSE);
      }
      this.#onFailure(name, error);
      return error;
    }
  }

  /** Does something every so many milliseconds; a failure does not make it come sooner. */
  every(milliseconds: number, name: string, work: () => void): void {
    const again = (): void => {
      this.run(name, work);
      const controller = this.#controller(name);
      clearTimeout(controller.timer);
      if (this.#closed) return;
      controller.timer = setTimeout(again, milliseconds);
      controller.timer.unref();
    };
    const controller = this.#controller(name);
    controller.timer = setTimeout(again, milliseconds);
    controller.timer.unref();
  }

  /** Stops trying, and forgets. */
  remove(name: string): void {
    clearTimeout(this.#controllers.get(name)?.timer);
    this.#controllers.delete(name);
  }

  statuses(): ControllerStatus[] {
    return [...this.#controllers.values()]
      .map(({ status }) => status)
      .sort((a, b) => a.name.localeCompare(b.name));
  }

  close(): void {
    this.#closed = true;
    for (const { timer } of this.#controllers.values()) clearTimeout(timer);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #controller(name: string): Controller {
    const status = { name, successes: 0, failures: 0, consecutiveFailures: 0 };
    const controller = this.#controllers.get(name) ?? { status, pause: FIRST_PAUSE };
    this.#controllers.set(name, controller);
    return controller;
  }
}
