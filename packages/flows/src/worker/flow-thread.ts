/** One run of the thread of flows: what it is asked, what it answers, and how it ended. */
import type { Worker } from 'node:worker_threads';
import { WaggleError } from '@waggle/bpf';
import type { WorkerReport, WorkerRequest } from './protocol.ts';
import { startThread } from './start-thread.ts';

/** How long a question may take, in milliseconds. */
const PATIENCE = 5000;

interface Question {
  readonly answer: (text: string) => void;
  readonly fail: (error: Error) => void;
}

export class FlowThread {
  readonly #worker: Worker;
  readonly #questions = new Map<number, Question>();
  #question = 0;
  #isReady = false;
  #hasEnded = false;

  /** When it reads, and serves what it was asked to; rejected with what it failed with before. */
  readonly ready: Promise<void>;
  /** When it is gone, with why: an error that nobody caught, or that it has ended. */
  readonly ended: Promise<Error>;

  /** Makes the thread, which loads what it needs; it reads nothing until it is asked to start. */
  constructor(take: (report: WorkerReport) => void) {
    this.#worker = startThread();
    this.ended = new Promise((resolve) => {
      let error: Error | undefined;
      this.#worker.once('error', (cause: Error) => {
        error = cause;
      });
      this.#worker.once('exit', () => {
        this.#hasEnded = true;
        const why = error ?? new WaggleError('CLOSED', 'The thread of flows has ended');
        for (const { fail } of this.#questions.values()) fail(why);
        resolve(why);
      });
    });
    this.ready = new Promise((resolve, reject) => {
      this.#worker.on('message', (report: WorkerReport) => {
        if (report.kind === 'metrics') this.#questions.get(report.question)?.answer(report.text);
        else take(report);
        if (report.kind !== 'ready') return;
        this.#isReady = true;
        resolve();
      });
      void this.ended.then(reject);
    });
    // Who starts it is told; before that nobody listens.
    this.ready.catch(() => {});
  }

  /** Whether it reads and serves. */
  get isRunning(): boolean {
    return this.#isReady && !this.#hasEnded;
  }

  ask(request: WorkerRequest): void {
    this.#worker.postMessage(request);
  }

  /**
   * The metrics of flows, in Prometheus' format.
   * @throws WaggleError BUSY when it does not answer in time; what it ended with.
   */
  async metrics(): Promise<string> {
    const question = ++this.#question;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((answer, fail) => {
        const late = new WaggleError('BUSY', 'The metrics of flows did not come in time');
        timer = setTimeout(() => fail(late), PATIENCE);
        this.#questions.set(question, { answer, fail });
        this.ask({ kind: 'metrics', question });
      });
    } finally {
      clearTimeout(timer);
      this.#questions.delete(question);
    }
  }
}
