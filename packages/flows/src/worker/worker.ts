/**
 * The thread of flows: it alone reads the kernel's buffer, and answers for what was in it, so that neither a flood of packets nor a
 * long query holds up the agent. It begins with what is still in the buffer from before.
 */
import { type MessagePort, parentPort } from 'node:worker_threads';
import { WaggleError } from '@waggle/bpf';
import { accounts, EventReader, events } from '@waggle/datapath/events';
import { openMap } from '@waggle/kernel';
import { isLoss } from '../decode/record-facts.ts';
import { FlowService } from '../flow-service.ts';
import type { FlowWorkerOptions, WorkerReport, WorkerRequest } from './protocol.ts';

/** Milliseconds between reports about the status. */
const REPORT_EVERY = 1000;
/** Records that are handed over at once to who watches. */
const BATCH = 1024;

/** Begins to read and to serve; @returns what it does when it is asked. */
async function run(port: MessagePort, options: FlowWorkerOptions): Promise<(request: WorkerRequest) => void> {
  const tell = (report: WorkerReport): void => port.postMessage(report);
  const maps = {
    events: openMap({ id: options.maps.events }, events),
    accounts: openMap({ id: options.maps.accounts }, accounts),
  };
  const service = new FlowService(options);
  const reader = new EventReader(maps, service.store, {
    onLost: (lost) => {
      service.noteLost(lost);
      tell({ kind: 'lost', full: Number(lost.full), limited: Number(lost.limited) });
    },
    onError: (error) => tell({ kind: 'problem', message: `A flow could not be noted: ${textOf(error)}` }),
  });
  const problem = (message: string): void => tell({ kind: 'problem', message });
  // Loaded only where they are wanted: they bring the libraries of Hubble's API.
  const exporter =
    options.export &&
    new (await import('../export/flow-exporter.ts')).FlowExporter(service, options.export, problem);
  const server =
    options.hubble &&
    (await (
      await import('../hubble/server.ts')
    ).serveHubble({
      source: service,
      onProblem: problem,
      ...options.hubble,
    }));
  const watching = new Watching(service, tell);
  let told = -1;
  const report = (): void => {
    const status = service.status();
    if (status.seen === told) return;
    told = status.seen;
    tell({ kind: 'status', status });
  };
  const reporting = setInterval(report, REPORT_EVERY);

  const close = async (): Promise<void> => {
    clearInterval(reporting);
    await server?.close();
    // What was not read stays in the buffer for the next one.
    reader.close();
    watching.set(false);
    await exporter?.close();
    service.close();
    maps.events.close();
    maps.accounts.close();
    port.close();
  };
  tell({ kind: 'ready', status: service.status() });
  return (request) => {
    switch (request.kind) {
      case 'names':
        service.rename(request.changes);
        break;
      case 'agent-event':
        service.noteAgentEvent(request.event);
        break;
      case 'watch':
        watching.set(request.on);
        break;
      case 'metrics':
        service.metrics().then(
          (text) => tell({ kind: 'metrics', question: request.question, text }),
          (error: unknown) => tell({ kind: 'problem', message: `Metrics failed: ${textOf(error)}` }),
        );
        break;
      case 'close':
        void close();
        break;
    }
  };
}

/** Hands records over as they come, while somebody wants them. */
class Watching {
  readonly #service: FlowService;
  readonly #tell: (report: WorkerReport) => void;
  #listening: Disposable | undefined;
  #batch: Uint8Array[] = [];

  constructor(service: FlowService, tell: (report: WorkerReport) => void) {
    this.#service = service;
    this.#tell = tell;
  }

  set(on: boolean): void {
    if (on === (this.#listening !== undefined)) return;
    this.#listening?.[Symbol.dispose]();
    this.#listening = undefined;
    if (!on) return;
    this.#listening = this.#service.listen((record) => {
      if (isLoss(record)) return;
      if (this.#batch.length === 0) setImmediate(() => this.#flush());
      if (this.#batch.push(record.copy()) >= BATCH) this.#flush();
    });
  }

  #flush(): void {
    const batch = this.#batch;
    if (batch.length === 0) return;
    this.#batch = [];
    this.#tell({ kind: 'records', records: Buffer.concat(batch) });
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const port = parentPort;
if (!port) throw new WaggleError('INVALID', 'The thread of flows is started by the agent');
let running: Promise<(request: WorkerRequest) => void> | undefined;
port.on('message', (request: WorkerRequest) => {
  if (request.kind === 'start') running = run(port, request.options);
  else if (running) void running.then((answer) => answer(request));
  else if (request.kind === 'close') port.close();
});
