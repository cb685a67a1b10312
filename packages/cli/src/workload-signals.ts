/** Signals for a workload: what is sent to the process that waits for it is meant for the workload. */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const;
/** Those that a terminal sends by itself, to all processes in its foreground. */
const OF_TERMINALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT', 'SIGWINCH'];
/** Those that end what does not say otherwise. */
const ENDING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

/** Passes on signals until it is disposed of. Those that come before the workload has started end it before it starts. */
export class SignalForwarding implements Disposable {
  #target: ((signal: NodeJS.Signals) => void) | undefined;
  #early: NodeJS.Signals | undefined;
  readonly #listener = (signal: NodeJS.Signals): void => {
    if (this.#target === undefined) {
      if (ENDING.includes(signal)) this.#early ??= signal;
    } else if (!OF_TERMINALS.includes(signal) || !isInForeground()) {
      this.#target(signal);
    }
  };

  constructor() {
    for (const signal of FORWARDED) process.on(signal, this.#listener);
  }

  /** The first signal that came before there was somebody to send it to. */
  get early(): NodeJS.Signals | undefined {
    return this.#early;
  }

  /** Sends them from now on. */
  to(send: (signal: NodeJS.Signals) => void): void {
    this.#target = send;
  }

  [Symbol.dispose](): void {
    for (const signal of FORWARDED) process.off(signal, this.#listener);
  }
}

/** What a shell calls the end of a process by a signal. */
export const codeOfSignal = (signal: NodeJS.Signals): number => 128 + constants.signals[signal];

/** Whether a terminal sends its signals to this process, and so to its children, too. */
export function isInForeground(stat = readFileSync('/proc/self/stat', 'utf8')): boolean {
  // The name of the program comes before, in parentheses, and may contain anything.
  const [, , group, , terminal, foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return terminal !== '0' && group === foreground;
}
