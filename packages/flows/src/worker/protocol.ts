/** What the agent's thread and the thread of flows say to each other. All of it is plain data. */
import type { ExportOptions } from '../export/flow-exporter.ts';
import type { HubbleServerOptions } from '../hubble/server.ts';
import type { NameChange } from '../names/names.ts';
import type { AgentEvent, FlowStatus } from '../source.ts';

/** How the thread of flows runs. */
export interface FlowWorkerOptions {
  /** Numbers of the datapath's maps: its buffer of events, and what CPUs say about it. */
  readonly maps: { readonly events: number; readonly accounts: number };
  readonly nodeName: string;
  readonly version: string;
  readonly nodeLabels?: readonly string[];
  /** MiB of memory for flows. */
  readonly megabytes?: number;
  /** Metrics of flows, as the field writes them. */
  readonly metrics?: readonly string[];
  /** Where Hubble's API is served. */
  readonly hubble?: Omit<HubbleServerOptions, 'source' | 'onProblem'>;
  readonly export?: ExportOptions;
}

/** To the thread of flows. */
export type WorkerRequest =
  /** The first one: only now is anything read. */
  | { readonly kind: 'start'; readonly options: FlowWorkerOptions }
  | { readonly kind: 'names'; readonly changes: readonly NameChange[] }
  | { readonly kind: 'agent-event'; readonly event: AgentEvent }
  /** Whether records are wanted as they come. */
  | { readonly kind: 'watch'; readonly on: boolean }
  | { readonly kind: 'metrics'; readonly question: number }
  | { readonly kind: 'close' };

/** From it. */
export type WorkerReport =
  /** It reads, and serves what it was asked to. */
  | { readonly kind: 'ready'; readonly status: FlowStatus }
  /** Records of the kernel, one behind the other. */
  | { readonly kind: 'records'; readonly records: Uint8Array }
  | { readonly kind: 'lost'; readonly full: number; readonly limited: number }
  /** Each second in which something came. */
  | { readonly kind: 'status'; readonly status: FlowStatus }
  | { readonly kind: 'metrics'; readonly question: number; readonly text: string }
  /** Something failed, and the thread goes on. */
  | { readonly kind: 'problem'; readonly message: string };
