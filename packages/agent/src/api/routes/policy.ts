/** Policies as the field has them: rules in a JSON text, and what they come to. */
import { WaggleError } from '@waggle/bpf';
import * as z from 'zod';
import type { PolicyListing } from '../../control.ts';
import { Labels } from '../models/common.ts';
import { Policy, PolicyText, PolicyTraceResult, SelectorCache, TraceSelector } from '../models/policy.ts';
import { type Route, route } from '../route.ts';
import { nothingFound } from '../validation.ts';
import { policyEnd, tracedPorts, traceLog } from '../views/trace.ts';

/** Bytes of a text of policies: some ten thousand rules. */
export const POLICY_LIMIT = 16 << 20;

/** Ports that are asked about in one go. */
const MOST_PORTS = 64;

export const policyRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/policy',
    summary: 'All rules, or those with all of these labels',
    body: Labels.optional(),
    answer: Policy,
    failures: { 404: 'No rule has these labels' },
    handle: (agent, { body = [] }) => {
      const listing = agent.policy.list(body);
      if (listing.rules.length === 0 && body.length > 0) throw nothingFound('rule', body);
      return policyModel(listing);
    },
  }),
  route({
    method: 'put',
    path: '/v1/policy',
    summary: 'Add rules, in place of those with the same labels',
    query: {
      replace: z
        .enum(['true', 'false'])
        .exactOptional()
        .describe('Read and left: rules always take the place of those with the same labels'),
      'replace-with-labels': z
        .string()
        .exactOptional()
        .describe('Labels with commas between them: rules that have them all are deleted'),
    },
    body: PolicyText,
    bodyLimit: POLICY_LIMIT,
    answer: Policy,
    failures: { 400: 'Rules with mistakes; says all of them' },
    handle: (agent, { body, query }) => {
      const replaceLabels = query['replace-with-labels']?.split(',').filter((label) => label !== '');
      const { revision } = agent.policy.apply(body, {
        ...(replaceLabels && replaceLabels.length > 0 && { replaceLabels }),
      });
      return { revision, policy: body };
    },
  }),
  route({
    method: 'delete',
    path: '/v1/policy',
    summary: 'Delete the rules with all of these labels; without labels, all that came by the API',
    body: Labels.optional(),
    answer: Policy,
    failures: { 404: 'No rule has these labels' },
    handle: (agent, { body = [] }) => {
      const { deleted } = agent.policy.delete(body);
      if (deleted === 0 && body.length > 0) throw nothingFound('rule', body);
      return policyModel(agent.policy.list());
    },
  }),
  route({
    method: 'get',
    path: '/v1/policy/resolve',
    summary: 'What the policies say to packets, and which rules decide',
    body: TraceSelector,
    answer: PolicyTraceResult,
    failures: { 400: 'Ends that are not clear', 404: 'No such endpoint, identity or address' },
    handle: (agent, { body }) => {
      const from = policyEnd(body.from, 'from');
      const to = policyEnd(body.to, 'to');
      const ports = tracedPorts(body.to.dports);
      if (ports.length > MOST_PORTS)
        throw new WaggleError('OUT_OF_RANGE', `to.dports asks about more than ${MOST_PORTS} ports at once.`);
      const traces = ports.map((port) => agent.policy.trace({ from, to, ...port }));
      return {
        verdict: traces.some(({ verdict }) => verdict === 'denied')
          ? ('denied' as const)
          : ('allowed' as const),
        log: traces.map(traceLog).join(''),
        traces: traces.map((trace) => ({
          ...trace,
          directions: trace.directions.map((one) => ({ ...one })),
        })),
      };
    },
  }),
  route({
    method: 'get',
    path: '/v1/policy/selectors',
    summary: 'All selectors of the rules, and whom they select now',
    answer: SelectorCache,
    handle: (agent) =>
      agent.policy.selectors().map((view) => ({ ...view, identities: [...view.identities] })),
  }),
];

/** The rules as a JSON text. */
export const policyModel = ({ revision, rules }: PolicyListing): Policy => ({
  revision,
  policy: JSON.stringify(
    rules.map(({ rule }) => rule),
    undefined,
    2,
  ),
});
