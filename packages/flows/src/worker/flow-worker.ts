/**
 * The thread of flows, as the agent's thread has it. Should it end by itself, another one is started, after a pause that grows while
 * that happens again and again; in the meantime events wait in the kernel's buffer. Flows that were in its memory are gone with it.
 */
import type { NameChange } from '../names/names.ts';
import type { AgentEvent, FlowStatus } from '../source.ts';
import { FlowThread } from './flow-thread.ts';
import type { FlowWorkerOptions, WorkerReport } from './protocol.ts';

/** What the agent wants to be told. */
export interface FlowWorkerHooks {
  /** Records of the kernel, one behind the other, while {@link FlowWorker.watch} is on. */
  readonly onRecords?: (records: Uint8Array) => void;
  /** Events never came: the kernel's buffer was full, or they were too many in a second. */
  readonly onLost?: (lost: { readonly full: number; readonly limited: number }) => void;
  /** Something failed, and flows go on. */
  readonly onProblem?: (message: string) => void;
  /** The thread has ended by itself, and is started again after so many milliseconds. */
  readonly onEnd?: (error: Error, pause: number) => void;
  /** Another one begins; it knows no names. */
  readonly onRestart?: () => void;
}

/** Milliseconds before another one is started: at first, and at most. */
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 30_000;
/** Milliseconds after which one that runs counts as well. */
const WELL = 60_000;

export class FlowWorker implements AsyncDisposable {
  #thread: FlowThread;
  #options: FlowWorkerOptions | undefined;
  #hooks: FlowWorkerHooks = {};
  #status: FlowStatus | undefined;
  #isWatching = false;
  #isClosing = false;
  #began = performance.now();
  #pause = FIRST_PAUSE;
  #waiting: NodeJS.Timeout | undefined;
  #restarts = 0;
  #problem: string | undefined;

  /** Makes the thread, which loads what it needs while the agent goes on; it reads nothing until {@link start}. */
  constructor() {
    this.#thread = this.#make();
  }

  /**
   * Begins to read. What it is told before it is ready is not lost.
   * @returns when it reads, and serves what it was asked to; rejected with what it failed with.
   */
  async start(options: FlowWorkerOptions, hooks: FlowWorkerHooks = {}): Promise<void> {
    this.#hooks = hooks;
    const thread = this.#thread;
    thread.ask({ kind: 'start', options });
    await thread.ready;
    // From now on it is started again; one that cannot begin at all is whose it is to say.
    this.#options = options;
    void thread.ended.then((error) => this.#restart(error));
  }

  /** As it was a second ago; undefined before it was ready. */
  get status(): FlowStatus | undefined {
    return this.#status;
  }

  /** How often it was started again. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Why there are no flows now. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** What numbers stand for has changed. */
  rename(changes: readonly NameChange[]): void {
    if (changes.length > 0) this.#thread.ask({ kind: 'names', changes });
  }

  noteAgentEvent(event: AgentEvent): void {
    this.#thread.ask({ kind: 'agent-event', event });
  }

  /** Whether records are wanted here as they come. */
  watch(on: boolean): void {
    this.#isWatching = on;
    this.#thread.ask({ kind: 'watch', on });
  }

  /**
   * The metrics of flows, in Prometheus' format; none while the thread is not there.
   * @throws WaggleError BUSY when it does not answer in time.
   */
  async metrics(): Promise<string> {
    return this.#thread.isRunning ? this.#thread.metrics() : '';
  }

  /** Ends the thread; what it has not read stays in the kernel's buffer. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#waiting);
    this.#thread.ask({ kind: 'close' });
    await this.#thread.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #make(): FlowThread {
    return new FlowThread((report) => this.#take(report));
  }

  #restart(error: Error): void {
    if (this.#isClosing) return;
    this.#problem = error.message;
    if (performance.now() - this.#began > WELL) this.#pause = FIRST_PAUSE;
    const pause = this.#pause;
    this.#pause = Math.min(2 * pause, LONGEST_PAUSE);
    this.#hooks.onEnd?.(error, pause);
    this.#waiting = setTimeout(() => this.#again(), pause);
  }

  #again(): void {
    const options = this.#options;
    if (!options) return;
    this.#began = performance.now();
    this.#restarts++;
    const thread = this.#make();
    this.#thread = thread;
    thread.ask({ kind: 'start', options });
    if (this.#isWatching) thread.ask({ kind: 'watch', on: true });
    this.#hooks.onRestart?.();
    void thread.ended.then((error) => this.#restart(error));
  }

  #take(report: WorkerReport): void {
    switch (report.kind) {
      case 'records':
        this.#hooks.onRecords?.(report.records);
        break;
      case 'lost':
        this.#hooks.onLost?.(report);
        break;
      case 'ready':
        this.#status = report.status;
        this.#problem = undefined;
        break;
      case 'status':
        this.#status = report.status;
        break;
      case 'problem':
        this.#hooks.onProblem?.(report.message);
        break;
    }
  }
}
