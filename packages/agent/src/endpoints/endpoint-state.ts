/**
 * The life of an endpoint: which state may follow on which. The same for those who know endpoints from elsewhere
 * (cilium, pkg/endpoint: setState).
 */
import { WaggleError } from '@waggle/bpf';
import type { EndpointState } from '../control.ts';

const FOLLOWING: Readonly<Record<EndpointState, readonly EndpointState[]>> = {
  'waiting-for-identity': ['ready', 'waiting-to-regenerate', 'disconnecting', 'invalid'],
  ready: ['waiting-for-identity', 'waiting-to-regenerate', 'disconnecting', 'restoring'],
  'waiting-to-regenerate': ['regenerating', 'waiting-for-identity', 'disconnecting', 'restoring'],
  regenerating: [
    'ready',
    'waiting-for-identity',
    'waiting-to-regenerate',
    'disconnecting',
    'restoring',
    'invalid',
  ],
  restoring: ['regenerating', 'waiting-to-regenerate', 'disconnecting'],
  disconnecting: ['disconnected'],
  disconnected: [],
  invalid: ['waiting-to-regenerate', 'disconnecting'],
};

/**
 * Says whether a change of state is one that can be.
 * @throws WaggleError INVALID with both states.
 */
export function checkTransition(from: EndpointState, to: EndpointState): void {
  if (from === to || FOLLOWING[from].includes(to)) return;
  throw new WaggleError('INVALID', `An endpoint that is ${from} cannot become ${to}.`, {
    hint: `After ${from} comes ${FOLLOWING[from].join(' or ') || 'nothing'}`,
  });
}
