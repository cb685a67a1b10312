/** What the agent did, for people: a line each. */
import type { AgentEvent, DebugEvent } from '@waggle/flows/hubble/client';
import { AgentEventType } from '@waggle/flows/hubble/client';

/** The event and what is known of it. */
export function agentEventText(event: AgentEvent | undefined): string {
  const name = Object.entries(AgentEventType).find(([, number]) => number === event?.type)?.[0] ?? 'UNKNOWN';
  const details = event ? detailsOf(event) : [];
  return details.length === 0 ? name : `${name} (${details.join(', ')})`;
}

function detailsOf({ notification }: AgentEvent): string[] {
  const labels = (all: readonly string[]): string[] =>
    all.length > 0 ? [`labels: [${all.join(', ')}]`] : [];
  switch (notification.case) {
    case 'agentStart':
      return [];
    case 'policyUpdate': {
      const { revision, ruleCount } = notification.value;
      return [`revision: ${revision}`, `rules: ${ruleCount}`, ...labels(notification.value.labels)];
    }
    case 'endpointUpdate': {
      const { id, namespace, podName, error } = notification.value;
      const name = namespace === '' ? podName : `${namespace}/${podName}`;
      return [
        `endpoint: ${id}`,
        ...said('name', name),
        ...labels(notification.value.labels),
        ...said('error', error),
      ];
    }
    case 'endpointRegenerate': {
      const { id, error } = notification.value;
      return [`endpoint: ${id}`, ...labels(notification.value.labels), ...said('error', error)];
    }
    case 'ipcacheUpdate': {
      const { cidr, identity, oldIdentity } = notification.value;
      const before = oldIdentity === undefined ? [] : [`identity before: ${oldIdentity}`];
      return [`cidr: ${cidr}`, `identity: ${identity}`, ...before];
    }
    case 'unknown':
      return [notification.value.type, notification.value.notification];
    case 'serviceUpsert':
      return [`service: ${notification.value.namespace}/${notification.value.name}`];
    case 'serviceDelete':
      return [`service: ${notification.value.id}`];
    case undefined:
      return [];
  }
}

const said = (name: string, value: string): string[] => (value === '' ? [] : [`${name}: ${value}`]);

/** The message of an event for debugging. */
export const debugEventText = (event: DebugEvent | undefined): string =>
  event === undefined ? 'unknown event' : `${event.source?.podName ?? ''} ${event.message}`.trim();
