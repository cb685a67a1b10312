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
  readonly eventCounts?: () => { readonly seen: number; readonly lost: number };
}
