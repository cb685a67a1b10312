/** Those who watch an agent at work. */

/** Something happened that those who follow the agent may want to know. */
export interface AgentEvent {
  readonly event:
    | 'started'
    | 'endpoint-created'
    | 'endpoint-changed'
    | 'endpoint-deleted'
    | 'policy-updated'
    | 'policy-deleted';
  readonly message: string;
  readonly [field: string]: unknown;
}

export interface AgentHooks {
  /** Told of what happens. */
  readonly onEvent?: (event: AgentEvent) => void;
  /** What is known of the datapath's events. */
  readonly eventCounts?: () => EventCounts;
}

/** What became of the datapath's events, as of a second ago. */
export interface EventCounts {
  readonly seen: number;
  /** Flows that are in memory, and how many fit. */
  readonly stored: number;
  readonly capacity: number;
  /** Events that never came: the kernel's buffer was full, or they were too many in a second. */
  readonly lost: number;
  /** Flows that were overwritten before one who follows had read them. */
  readonly missed: number;
  /** How often the thread that reads them had ended, and was started again. */
  readonly restarts: number;
  /** Why there are no flows now. */
  readonly problem?: string;
}

export const NO_EVENTS: EventCounts = { seen: 0, stored: 0, capacity: 0, lost: 0, missed: 0, restarts: 0 };
