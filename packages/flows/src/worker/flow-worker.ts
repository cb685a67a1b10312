/** The thread of flows, as the agent's thread has it. */
import type { Worker } from 'node:worker_threads';
import { WaggleError } from '@waggle/bpf';
import type { NameChange } from '../names/names.ts';
import type { AgentEvent, FlowStatus } from '../source.ts';
import type { FlowWorkerOptions, WorkerReport, WorkerRequest } from './protocol.ts';
import { startThread } from './start-thread.ts';

/** What the agent wants to be told. */
export interface FlowWorkerHooks {
  /** Records of the kernel, one behind the other, while {@link FlowWorker.watch} is on. */
  readonly onRecords?: (records: Uint8Array) => void;
  /** Events never came: the kernel's buffer was full, or they were too many in a second. */
  readonly onLost?: (lost: { readonly full: number; readonly limited: number }) => void;
  /** Something failed, and flows go on. */
  readonly onProblem?: (message: string) => void;
  /** The thread has ended by itself: no flows any more. */
  readonly onEnd?: (error: Error) => void;
}

/** How long a question may take, in milliseconds. */
const PATIENCE = 5000;

export class FlowWorker implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  readonly #ready: Promise<void>;
  readonly #answers = new Map<number, (text: string) => void>();
  #hooks: FlowWorkerHooks = {};
  #status: FlowStatus | undefined;
  #question = 0;
  #closing = false;

  /** Makes the thread, which loads what it needs while the agent goes on; it reads nothing until {@link start}. */
  constructor() {
    this.#worker = startThread();
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => resolve());
    });
    let isReady = false;
    this.#ready = new Promise((resolve, reject) => {
      this.#worker.on('message', (report: WorkerReport) => {
        this.#take(report);
        if (report.kind !== 'ready') return;
        isReady = true;
        resolve();
      });
      this.#worker.on('error', (error) => {
        if (!isReady) reject(error);
        else if (!this.#closing) this.#hooks.onEnd?.(error);
      });
    });
    // Who starts it is told; before that nobody listens.
    this.#ready.catch(() => {});
  }

  /**
   * Begins to read. What it is told before it is ready is not lost.
   * @returns when it reads, and serves what it was asked to; rejected with what it failed with.
   */
  start(options: FlowWorkerOptions, hooks: FlowWorkerHooks = {}): Promise<void> {
    this.#hooks = hooks;
    this.#ask({ kind: 'start', options });
    return this.#ready;
  }

  /** As it was a second ago; undefined before it was ready. */
  get status(): FlowStatus | undefined {
    return this.#status;
  }

  /** What numbers stand for has changed. */
  rename(changes: readonly NameChange[]): void {
    if (changes.length > 0) this.#ask({ kind: 'names', changes });
  }

  noteAgentEvent(event: AgentEvent): void {
    this.#ask({ kind: 'agent-event', event });
  }

  /** Whether records are wanted here as they come. */
  watch(on: boolean): void {
    this.#ask({ kind: 'watch', on });
  }

  /**
   * The metrics of flows, in Prometheus' format.
   * @throws WaggleError BUSY when the thread does not answer in time.
   */
  async metrics(): Promise<string> {
    const question = ++this.#question;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#answers.delete(question);
        reject(new WaggleError('BUSY', 'The metrics of flows did not come in time'));
      }, PATIENCE);
      this.#answers.set(question, (text) => {
        clearTimeout(timer);
        this.#answers.delete(question);
        resolve(text);
      });
      this.#ask({ kind: 'metrics', question });
    });
  }

  /** Ends the thread; what it has not read stays in the kernel's buffer. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#ask({ kind: 'close' });
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #ask(request: WorkerRequest): void {
    this.#worker.postMessage(request);
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
      case 'status':
        this.#status = report.status;
        break;
      case 'metrics':
        this.#answers.get(report.question)?.(report.text);
        break;
      case 'problem':
        this.#hooks.onProblem?.(report.message);
        break;
    }
  }
}
