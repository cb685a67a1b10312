/** Parts of an endpoint: labels, log, health, configuration. */
import { WaggleError } from '@waggle/bpf';
import * as z from 'zod';
import type { AgentControl, EndpointReference } from '../../control.ts';
import { parseEndpointId } from '../endpoint-id.ts';
import {
  EndpointConfigurationSpec,
  EndpointConfigurationStatus,
  EndpointHealth,
  EndpointStatusLog,
  LabelConfiguration,
  LabelConfigurationSpec,
} from '../models/endpoint.ts';
import { type Route, route } from '../route.ts';
import { endpointConfiguration, endpointLog, labelConfiguration } from '../views/endpoint.ts';
import { endpointHealth } from '../views/endpoint-health.ts';

export const ENDPOINT_ID = {
  id: z
    .string()
    .describe(
      "`[prefix:]id` with the prefix cilium-local (default), container-id, container-name, cni-attachment-id, pod-name, cep-name, ipv4, ipv6, or waggle's own: name",
    ),
};

const NOT_THERE = { 400: 'An id of no known form', 404: 'No such endpoint' };

export const endpointPartRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/endpoint/{id}/labels',
    summary: 'The labels of an endpoint',
    parameters: ENDPOINT_ID,
    answer: LabelConfiguration,
    failures: NOT_THERE,
    handle: (agent, { parameters }) =>
      labelConfiguration(agent.endpoints.get(parseEndpointId(parameters.id))),
  }),
  route({
    method: 'patch',
    path: '/v1/endpoint/{id}/labels',
    summary: 'Give an endpoint these labels in place of those it has, and so perhaps another identity',
    parameters: ENDPOINT_ID,
    body: LabelConfigurationSpec,
    failures: NOT_THERE,
    handle: (agent, { parameters, body }) =>
      setLabels(agent, parseEndpointId(parameters.id), body.user ?? []),
  }),
  route({
    method: 'get',
    path: '/v1/endpoint/{id}/log',
    summary: 'What happened to an endpoint, newest first',
    parameters: ENDPOINT_ID,
    answer: EndpointStatusLog,
    failures: NOT_THERE,
    handle: (agent, { parameters }) => endpointLog(agent.endpoints.log(parseEndpointId(parameters.id))),
  }),
  route({
    method: 'get',
    path: '/v1/endpoint/{id}/healthz',
    summary: 'How an endpoint and its parts are',
    parameters: ENDPOINT_ID,
    answer: EndpointHealth,
    failures: NOT_THERE,
    handle: (agent, { parameters }) => endpointHealth(agent.endpoints.get(parseEndpointId(parameters.id))),
  }),
  route({
    method: 'get',
    path: '/v1/endpoint/{id}/config',
    summary: 'The configuration of an endpoint',
    parameters: ENDPOINT_ID,
    answer: EndpointConfigurationStatus,
    failures: NOT_THERE,
    handle: (agent, { parameters }) =>
      endpointConfiguration(agent.endpoints.get(parseEndpointId(parameters.id))),
  }),
  route({
    method: 'patch',
    path: '/v1/endpoint/{id}/config',
    summary: "Change an endpoint's configuration; with nothing in it, compute and write its policy anew",
    parameters: ENDPOINT_ID,
    body: EndpointConfigurationSpec,
    failures: { ...NOT_THERE, 400: 'An id of no known form, or an option: endpoints have none of their own' },
    handle: (agent, { parameters, body }) => {
      const [option] = Object.keys(body.options ?? {});
      if (option !== undefined)
        throw new WaggleError('MALFORMED', `Endpoints have no options of their own, and so no ${option}`, {
          hint: 'Options of the agent hold for all endpoints: PATCH /v1/config',
        });
      const reference = parseEndpointId(parameters.id);
      const user = body['label-configuration']?.user;
      if (user) setLabels(agent, reference, user);
      else agent.endpoints.regenerate(reference);
    },
  }),
];

/** Changes what differs. */
export function setLabels(
  agent: AgentControl,
  reference: EndpointReference,
  wanted: readonly string[],
): void {
  const { id, labels } = agent.endpoints.get(reference);
  const add = wanted.filter((label) => !labels.includes(label));
  const remove = labels.filter((label) => !wanted.includes(label));
  if (add.length > 0 || remove.length > 0) agent.endpoints.changeLabels({ id }, { add, remove });
}
