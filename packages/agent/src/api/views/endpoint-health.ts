/** How an endpoint is, made out from its state and its policy. */
import type { EndpointPolicyView, EndpointState, EndpointView } from '../../control.ts';
import type { EndpointHealth, EndpointHealthStatus } from '../models/endpoint.ts';

const OF_STATE: Readonly<Record<EndpointState, EndpointHealthStatus>> = {
  'waiting-for-identity': 'Bootstrap',
  'waiting-to-regenerate': 'Pending',
  regenerating: 'Pending',
  ready: 'OK',
  restoring: 'Pending',
  disconnecting: 'Disabled',
  disconnected: 'Disabled',
  invalid: 'Failure',
};

export function endpointHealth({ state, policy }: EndpointView): EndpointHealth {
  const bpf = OF_STATE[state];
  const ofPolicy = bpf === 'OK' ? policyHealth(policy) : bpf;
  return { overallHealth: ofPolicy, bpf, policy: ofPolicy, connected: state === 'ready' };
}

/** Why an endpoint's policy is not in force as it was meant; undefined when it is. */
export function policyMessage({ status, error }: EndpointPolicyView): string | undefined {
  if (error !== undefined) return error;
  if (status.kind === 'ok') return undefined;
  const until =
    status.inForce === 'deny' ? 'Until then everything is denied.' : 'Until then the last good policy stays.';
  if (status.kind === 'overflow')
    return `The policy takes ${status.entries} entries and its map holds ${status.capacity}: make it smaller. ${until}`;
  const conflicts = status.conflicts.map(
    ({ direction, port, parsers }) => `${direction} port ${port} (${parsers.join(', ')})`,
  );
  return `Rules ask for different parsers on ${conflicts.join('; ')}: let them agree. ${until}`;
}

function policyHealth({ status, error }: EndpointPolicyView): EndpointHealthStatus {
  if (error !== undefined) return 'Warning';
  if (status.kind === 'ok') return 'OK';
  return status.inForce === 'deny' ? 'Failure' : 'Warning';
}
