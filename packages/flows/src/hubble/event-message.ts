/** What the agent did, and what was lost, as Hubble's clients read it. */
import { create } from '@bufbuild/protobuf';
import type { AgentEvent, LostEvents } from '../source.ts';
import {
  type AgentEvent as AgentEventMessage,
  AgentEventSchema,
  AgentEventType,
  type LostEvent as LostEventMessage,
  LostEventSchema,
  LostEventSource,
} from './generated/flow/flow_pb.ts';
import { timestampOf } from './timestamp.ts';

const TYPES = {
  started: AgentEventType.AGENT_STARTED,
  'policy-updated': AgentEventType.POLICY_UPDATED,
  'policy-deleted': AgentEventType.POLICY_DELETED,
  'endpoint-created': AgentEventType.ENDPOINT_CREATED,
  'endpoint-deleted': AgentEventType.ENDPOINT_DELETED,
} as const;

/** Makes the message of what the agent did; the field says of an endpoint that has changed that it was regenerated. */
export function agentEventMessage({ event, time, message, endpoint, policy }: AgentEvent): AgentEventMessage {
  if (event === 'endpoint-changed') return regenerated(message, endpoint);
  const type = TYPES[event];
  if (event === 'started') {
    const value = { time: timestampOf(time) };
    return create(AgentEventSchema, { type, notification: { case: 'agentStart', value } });
  }
  if (policy) {
    const { revision, rules, labels } = policy;
    const value = { revision: BigInt(revision), ruleCount: BigInt(rules), labels: [...labels] };
    return create(AgentEventSchema, { type, notification: { case: 'policyUpdate', value } });
  }
  if (endpoint) {
    const { id, name, namespace = '', labels, error = '' } = endpoint;
    const value = { id: BigInt(id), podName: name, namespace, labels: [...labels], error };
    return create(AgentEventSchema, { type, notification: { case: 'endpointUpdate', value } });
  }
  return unknown(event, message);
}

function regenerated(message: string, endpoint: AgentEvent['endpoint']): AgentEventMessage {
  if (!endpoint) return unknown('endpoint-changed', message);
  const { id, labels, error } = endpoint;
  return create(AgentEventSchema, {
    type:
      error === undefined
        ? AgentEventType.ENDPOINT_REGENERATE_SUCCESS
        : AgentEventType.ENDPOINT_REGENERATE_FAILURE,
    notification: {
      case: 'endpointRegenerate',
      value: { id: BigInt(id), labels: [...labels], error: error ?? '' },
    },
  });
}

const unknown = (type: string, notification: string): AgentEventMessage =>
  create(AgentEventSchema, { notification: { case: 'unknown', value: { type, notification } } });

/** Makes the message of what was lost. */
export const lostMessage = ({ where, count, time }: LostEvents): LostEventMessage =>
  create(LostEventSchema, {
    source: where === 'store' ? LostEventSource.HUBBLE_RING_BUFFER : LostEventSource.PERF_EVENT_RING_BUFFER,
    numEventsLost: BigInt(count),
    last: timestampOf(time),
  });
