/**
 * Writes flows to a file, a line of JSON each, as `hubble observe -o jsonpb` prints them. It follows flows as any other reader: when
 * the disk is slow or full it falls behind, and what it misses is in the file as a line of lost events.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { create, fromJsonString, toJson } from '@bufbuild/protobuf';
import { WaggleError } from '@waggle/bpf';
import type { FlowFilter } from '../filter/flow-filter.ts';
import type { Flow } from '../flow.ts';
import { lostMessage } from '../hubble/event-message.ts';
import { type FieldMask, fieldMask } from '../hubble/field-mask.ts';
import { filterOf } from '../hubble/filter-message.ts';
import { flowMessage } from '../hubble/flow-message.ts';
import { FlowFilterSchema } from '../hubble/generated/flow/flow_pb.ts';
import { GetFlowsResponseSchema } from '../hubble/generated/observer/observer_pb.ts';
import { timestampOf } from '../hubble/timestamp.ts';
import type { FlowSource, LostEvents } from '../source.ts';
import { RotatingFile } from './rotating-file.ts';

/** What is written where; plain data. */
export interface ExportOptions {
  readonly path: string;
  /** From this size on the file is put aside, in MiB; 10 by default. */
  readonly megabytes?: number;
  /** How many full files are kept; 5 by default. */
  readonly backups?: number;
  /** Filters of Hubble's API in JSON: `{"verdict":["DROPPED"]}`. */
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  /** Paths of the fields to write, as `source.pod_name`; none: all. */
  readonly fields?: readonly string[];
}

const MIB = 1024 * 1024;
/** Lines are written together: so many characters, or what has come in so many milliseconds. */
const BATCH = 64 * 1024;
const FLUSH_EVERY = 1000;
/** Milliseconds until a write that failed is tried again. */
const RETRY = 5000;

export class FlowExporter implements AsyncDisposable {
  readonly #file: RotatingFile;
  readonly #mask: FieldMask;
  readonly #nodeName: string;
  readonly #onProblem: (message: string) => void;
  readonly #path: string;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #pending: string[] = [];
  #size = 0;
  #failed = false;
  #writing: Promise<void> = Promise.resolve();

  /**
   * Begins to follow.
   * @param onProblem - Told when the file cannot be written; it is tried again and again.
   * @throws WaggleError for filters and fields that cannot be.
   */
  constructor(source: FlowSource, options: ExportOptions, onProblem: (message: string) => void) {
    const { path, megabytes = 10, backups = 5, allow = [], deny = [], fields = [] } = options;
    this.#path = path;
    this.#file = new RotatingFile(path, megabytes * MIB, backups);
    this.#mask = fieldMask(fields);
    this.#nodeName = source.status().nodeName;
    this.#onProblem = onProblem;
    const query = { follow: true, allow: allow.map(parseFilter), deny: deny.map(parseFilter) };
    this.#done = this.#run(source.flows(query, this.#stop.signal));
  }

  /** Writes what has come, and ends. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#done;
    await this.#file.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #run(answers: AsyncIterable<Flow | LostEvents>): Promise<void> {
    const flushing = setInterval(() => void this.#flush(), FLUSH_EVERY);
    for await (const answer of answers) {
      const line = `${JSON.stringify(this.#lineOf(answer))}\n`;
      this.#pending.push(line);
      this.#size += line.length;
      if (this.#size >= BATCH) await this.#flush();
    }
    clearInterval(flushing);
    await this.#flush();
  }

  #lineOf(answer: Flow | LostEvents) {
    const message = create(GetFlowsResponseSchema, {
      nodeName: this.#nodeName,
      time: timestampOf(answer.time),
      responseTypes:
        answer.kind === 'lost'
          ? { case: 'lostEvents', value: lostMessage(answer) }
          : { case: 'flow', value: this.#mask(flowMessage(answer)) },
    });
    return toJson(GetFlowsResponseSchema, message, { useProtoFieldName: true });
  }

  /** One after another; who reads waits while this writes, and so falls behind rather than fills the memory. */
  #flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    if (this.#pending.length === 0) return;
    const text = this.#pending.join('');
    this.#pending = [];
    this.#size = 0;
    for (;;) {
      try {
        await this.#file.append(text);
        this.#failed = false;
        return;
      } catch (error) {
        if (!this.#failed) this.#onProblem(`Flows cannot be written to ${this.#path}: ${String(error)}`);
        this.#failed = true;
        if (this.#stop.signal.aborted) return;
        await sleep(RETRY, undefined, { signal: this.#stop.signal }).catch(() => {});
      }
    }
  }
}

/** @throws WaggleError MALFORMED */
function parseFilter(text: string): FlowFilter {
  try {
    return filterOf(fromJsonString(FlowFilterSchema, text));
  } catch (error) {
    if (error instanceof WaggleError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new WaggleError('MALFORMED', `${text} is no filter of flows: ${why}`, {
      hint: 'It is written as {"verdict":["DROPPED"],"source_pod":["default/web"]}',
      cause: error,
    });
  }
}
