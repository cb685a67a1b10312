/**
 * What those who serve flows can ask: Hubble's API, the command line, exports. All of it is plain data; queries are answered from
 * the store, and, when they follow, from what comes.
 */
import type { FlowFilter } from './filter/flow-filter.ts';
import type { Flow } from './flow.ts';

/** Events that never came: the kernel's buffer had no room or its rate limit was reached, or they were overwritten before they were read. */
export interface LostEvents {
  readonly kind: 'lost';
  readonly where: 'kernel-buffer' | 'kernel-rate' | 'store';
  readonly count: number;
  /** Nanoseconds since 1970: when that was noticed. */
  readonly time: bigint;
}

/** Which of the events in the store, and whether those to come. */
export interface EventQuery {
  /** At most so many, the last ones (or, with `first`, the first ones); absent: all. With `follow`: so many of the past. */
  readonly number?: number;
  /** Count from the oldest one on. */
  readonly first?: boolean;
  /** Go on with what comes, until the signal. Without `number` and `since` nothing of the past. */
  readonly follow?: boolean;
  /** Nanoseconds since 1970, both inclusive. */
  readonly since?: bigint;
  readonly until?: bigint;
}

export interface FlowQuery extends EventQuery {
  /** A flow comes when one of these matches (none: every flow)… */
  readonly allow?: readonly FlowFilter[];
  /** …and none of these. */
  readonly deny?: readonly FlowFilter[];
}

/** What the agent did. */
export interface AgentEvent {
  readonly kind: 'agent-event';
  /** Nanoseconds since 1970. */
  readonly time: bigint;
  readonly event:
    | 'started'
    | 'policy-updated'
    | 'policy-deleted'
    | 'endpoint-created'
    | 'endpoint-changed'
    | 'endpoint-deleted';
  readonly message: string;
  /** Of an endpoint. */
  readonly endpoint?: {
    readonly id: number;
    readonly name: string;
    readonly namespace?: string;
    readonly labels: readonly string[];
    readonly error?: string;
  };
  /** Of policies. */
  readonly policy?: {
    readonly revision: number;
    readonly rules: number;
    readonly labels: readonly string[];
  };
}

export interface FlowStatus {
  readonly nodeName: string;
  readonly version: string;
  /** Flows in the store, how many fit, and all that were ever put there. */
  readonly stored: number;
  readonly capacity: number;
  readonly seen: number;
  /** Nanoseconds since it began. */
  readonly uptime: bigint;
  /** Flows a second, over the last minute. */
  readonly rate: number;
  /** Time of the oldest one that is stored. */
  readonly oldest?: bigint;
  readonly lost: {
    /** For which the kernel's buffer had no room, and those above its rate. */
    readonly kernelBuffer: number;
    readonly kernelRate: number;
    /** That were overwritten before one who follows had read them. */
    readonly store: number;
  };
  /** Who follows now. */
  readonly followers: number;
}

/** A node that gives flows; one agent gives its own. */
export interface FlowNode {
  readonly name: string;
  readonly version: string;
  readonly uptime: bigint;
  readonly seen: number;
  readonly stored: number;
  readonly capacity: number;
}

/** A namespace of which flows were seen in the last hour. */
export interface FlowNamespace {
  readonly namespace: string;
  readonly cluster: string;
}

export interface FlowSource {
  /**
   * Answers a query, in the order of arrival. Whoever reads slowly slows nobody down: each reads the store by itself, and what was
   * overwritten before it was read is told as {@link LostEvents} where it is missing.
   * @param signal - Ends it; the iteration is over then, without an error.
   * @throws WaggleError MALFORMED, on the call itself, for filters that cannot be understood; OUT_OF_RANGE for a number that
   *   cannot be; NOT_SUPPORTED for what is not there (CEL).
   */
  flows(query: FlowQuery, signal?: AbortSignal): AsyncIterable<Flow | LostEvents>;
  agentEvents(query: EventQuery, signal?: AbortSignal): AsyncIterable<AgentEvent | LostEvents>;
  status(): FlowStatus;
  nodes(): FlowNode[];
  namespaces(): FlowNamespace[];
}
