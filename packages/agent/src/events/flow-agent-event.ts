/** What the agent does, as those who ask for flows are told. */
import type { AgentEvent as FlowAgentEvent } from '@waggle/flows';
import type { AgentEvent } from '../agent-hooks.ts';

const MILLISECOND = 1_000_000n;

/** @param labelsOf - The labels of an identity. */
export function flowAgentEvent(
  { event, message, ...fields }: AgentEvent,
  labelsOf: (identity: number) => readonly string[],
): FlowAgentEvent {
  const time = BigInt(Date.now()) * MILLISECOND;
  const { endpoint, name, identity, revision, rules = 0 } = fields;
  const about =
    typeof endpoint === 'number' && typeof identity === 'number'
      ? { endpoint: { id: endpoint, name: String(name), labels: labelsOf(identity) } }
      : {};
  const policy =
    typeof revision === 'number' ? { policy: { revision, rules: Number(rules), labels: [] } } : {};
  return {
    kind: 'agent-event',
    time,
    event,
    message,
    ...(event === 'started' ? {} : { ...about, ...policy }),
  };
}
