/** Endpoints: what there is, one by one and together. */
import * as z from 'zod';
import type { AgentControl, EndpointView } from '../../control.ts';
import { parseEndpointId } from '../endpoint-id.ts';
import { endpointRequest, refuseFixedFields } from '../endpoint-request.ts';
import { Labels } from '../models/common.ts';
import { Endpoint } from '../models/endpoint.ts';
import { EndpointBatchDeleteRequest, EndpointChangeRequest } from '../models/endpoint-request.ts';
import { OtherAnswer, type Route, route } from '../route.ts';
import { nothingFound } from '../validation.ts';
import { endpointModel } from '../views/endpoint.ts';
import { ENDPOINT_ID, setLabels } from './endpoint-parts.ts';

export const endpointRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/endpoint',
    summary: 'All endpoints, or those with all of these labels',
    body: Labels.optional(),
    answer: z.array(Endpoint),
    failures: { 404: 'No endpoint has these labels' },
    handle: (agent, { body = [] }) => {
      const views = agent.endpoints.list(body);
      if (views.length === 0 && body.length > 0) throw nothingFound('endpoint', body);
      return views.map((view) => modelOf(agent, view));
    },
  }),
  route({
    method: 'delete',
    path: '/v1/endpoint',
    summary: 'Delete all endpoints of a container',
    body: EndpointBatchDeleteRequest,
    failures: {
      206: 'Some could not be deleted; says how many',
      404: 'The container has no endpoints',
    },
    handle: (agent, { body }) => {
      const wanted = body['container-id'];
      const views = agent.endpoints.list().filter(({ container }) => container?.id === wanted);
      if (views.length === 0) throw nothingFound('endpoint', [`container-id ${wanted}`]);
      const failed = views.filter(({ id }) => !succeeds(() => agent.endpoints.remove({ id })));
      return failed.length > 0 ? new OtherAnswer(206, failed.length) : undefined;
    },
  }),
  route({
    method: 'get',
    path: '/v1/endpoint/{id}',
    summary: 'An endpoint',
    parameters: ENDPOINT_ID,
    answer: Endpoint,
    failures: { 400: 'An id of no known form', 404: 'No such endpoint' },
    handle: (agent, { parameters }) => modelOf(agent, agent.endpoints.get(parseEndpointId(parameters.id))),
  }),
  route({
    method: 'put',
    path: '/v1/endpoint/{id}',
    summary:
      'Make an endpoint: answers when it is ready. The agent chooses its number: the id is cilium-local:0',
    parameters: ENDPOINT_ID,
    body: EndpointChangeRequest,
    status: 201,
    answer: Endpoint,
    failures: {
      400: 'A request that contradicts itself or lacks something',
      403: 'An address that is never given out, as the gateway',
      404: 'No such network namespace, process, container or device, or no device with the address to publish a port at',
      409: 'There is one with this name, address, device or published port, or a program of the host serves at that port',
      501: 'An address of a family of which this host has no pool',
      503: 'No address is left, or the host has no room for more endpoints',
    },
    handle: async (agent, { parameters, body }) =>
      modelOf(agent, await agent.endpoints.create(endpointRequest(parameters.id, body))),
  }),
  route({
    method: 'patch',
    path: '/v1/endpoint/{id}',
    summary: "Change an endpoint's labels",
    parameters: ENDPOINT_ID,
    body: EndpointChangeRequest,
    failures: { 400: 'Something that cannot be changed', 404: 'No such endpoint' },
    handle: (agent, { parameters, body }) => {
      const reference = parseEndpointId(parameters.id);
      const { id } = agent.endpoints.get(reference);
      refuseFixedFields(body);
      if (body.labels) setLabels(agent, { id }, body.labels);
    },
  }),
  route({
    method: 'delete',
    path: '/v1/endpoint/{id}',
    summary: 'Delete an endpoint, its device if the agent made it, and give its addresses back',
    parameters: ENDPOINT_ID,
    failures: { 400: 'An id of no known form', 404: 'No such endpoint' },
    handle: (agent, { parameters }) => {
      agent.endpoints.remove(parseEndpointId(parameters.id));
    },
  }),
];

function modelOf(agent: AgentControl, view: EndpointView): Endpoint {
  const { audit } = agent.config().mutable;
  return endpointModel(view, agent.endpoints.log({ id: view.id }), audit);
}

/** One that fails must not keep the others. */
function succeeds(task: () => unknown): boolean {
  try {
    task();
    return true;
  } catch {
    return false;
  }
}
