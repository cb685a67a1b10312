/** Policies as people write them: documents of any form, kept under their names. Our own. */
import * as z from 'zod';
import { PolicyApplied, PolicyDocuments } from '../models/policy.ts';
import { type Route, route } from '../route.ts';
import { POLICY_LIMIT } from './policy.ts';

const Name = z.string().min(1);

export const documentRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/policy/documents',
    summary: 'The rules, with where they came from and how many endpoints they select',
    extension: true,
    query: { kind: Name.exactOptional(), namespace: Name.exactOptional(), name: Name.exactOptional() },
    answer: PolicyDocuments,
    handle: (agent, { query: { kind, namespace, name } }) => {
      const { revision, rules } = agent.policy.list();
      const documents = rules
        .filter((rule) => kind === undefined || rule.kind === kind)
        .filter((rule) => namespace === undefined || rule.namespace === namespace)
        .filter((rule) => name === undefined || rule.name === name)
        .map((rule) => ({ ...rule, labels: [...rule.labels] }));
      return { revision, documents };
    },
  }),
  route({
    method: 'put',
    path: '/v1/policy/documents',
    summary:
      'Apply policies, in YAML or JSON: resources take the place of those with the same kind, namespace and name. In force at every endpoint when it answers',
    extension: true,
    query: {
      file: z.string().exactOptional().describe('What the text is called in messages'),
      namespace: Name.exactOptional().describe('Of resources that name none'),
      replace: z
        .enum(['true', 'false'])
        .exactOptional()
        .describe('Whether they take the place of all that came by the API'),
    },
    body: z.string(),
    bodyType: 'text',
    bodyLimit: POLICY_LIMIT,
    answer: PolicyApplied,
    failures: { 400: 'Policies with mistakes; says all of them' },
    handle: (agent, { body, query: { file, namespace, replace } }) =>
      agent.policy.apply(body, {
        ...(file !== undefined && { file }),
        ...(namespace !== undefined && { namespace }),
        ...(replace === 'true' && { replace: true }),
      }),
  }),
  route({
    method: 'delete',
    path: '/v1/policy/documents',
    summary: 'Delete what came by the API under this name',
    extension: true,
    query: { kind: Name.exactOptional(), namespace: Name.exactOptional(), name: Name },
    answer: PolicyApplied,
    failures: { 400: 'No name', 404: 'Nothing has this name' },
    handle: (agent, { query }) => agent.policy.deleteNamed(query),
  }),
];
