/** The processes of the demo: this very command again, in namespaces of the lab, and away from this terminal's signals. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { WaggleError } from '@waggle/bpf';
import type { NetworkNamespace } from '@waggle/kernel';
import type { Order } from './part.ts';

/** Starts this command with other arguments. */
function start(
  namespace: NetworkNamespace,
  args: readonly string[],
  stdio: readonly ('ignore' | 'ipc' | number)[],
): ChildProcess {
  const [, entry = ''] = process.argv;
  const all = [...process.execArgv, entry, ...args];
  // In a session of its own: Ctrl-C is for the demo, which then ends it in its order.
  return namespace.run(() => ({
    child: spawn(process.execPath, all, { stdio: [...stdio], detached: true }),
  })).child;
}

/** Somebody who plays a part. */
export class Actor {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Starts a process for a part, and waits until it is ready. @throws WaggleError CLOSED when it ends instead. */
  static async start(namespace: NetworkNamespace, part: 'deathstar' | 'ship'): Promise<Actor> {
    const child = start(namespace, ['demo', '--play', part], ['ignore', 'ignore', 'ignore', 'ipc']);
    const actor = new Actor(child);
    await actor.#answer();
    return actor;
  }

  /** Tells it to do something, and waits for its answer. @throws WaggleError CLOSED */
  async ask<Answer>(order: Order): Promise<Answer> {
    this.tell(order);
    return (await this.#answer()) as Answer;
  }

  tell(order: Order): void {
    this.#child.send(order);
  }

  /** Lets it go on by itself. */
  release(): void {
    this.#child.send('stay', () => {
      this.#child.disconnect();
      this.#child.unref();
    });
  }

  async #answer(): Promise<unknown> {
    const over = new AbortController();
    const { signal } = over;
    const ended = once(this.#child, 'exit', { signal }).then(() => {
      throw new WaggleError('CLOSED', `process ${this.#child.pid}, which plays a part, has ended`);
    });
    try {
      const [message] = await Promise.race([once(this.#child, 'message', { signal }), ended]);
      return message;
    } finally {
      over.abort();
      ended.catch(() => {});
    }
  }
}

/** The agent's process. */
export class AgentProcess {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #log: string;

  /** @param log - The file that gets what it says. */
  constructor(host: NetworkNamespace, args: readonly string[], log: string) {
    this.#log = log;
    const file = openSync(log, 'a', 0o600);
    try {
      this.#child = start(host, args, ['ignore', file, file]);
    } finally {
      closeSync(file);
    }
    this.pid = this.#child.pid ?? 0;
    this.#child.unref();
  }

  /** @throws WaggleError CLOSED with its last words, when it has ended. */
  check(): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) return;
    const lines = readFileSync(this.#log, 'utf8').trimEnd().split('\n');
    throw new WaggleError('CLOSED', `the agent has ended. Its last words: ${lines.slice(-3).join(' / ')}`);
  }

  async kill(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}
