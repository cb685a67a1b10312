/** What the datapath holds and counts. */
import * as z from 'zod';
import { BPFMap, BPFMapList, Metric } from '../models/map.ts';
import { type Route, route } from '../route.ts';
import { mapListingModel, mapModel } from '../views/map.ts';
import { prometheusText } from '../views/prometheus.ts';

export const mapRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/map',
    summary: 'The maps of the datapath',
    answer: BPFMapList,
    handle: (agent) => ({ maps: agent.maps.list().map(mapModel) }),
  }),
  route({
    method: 'get',
    path: '/v1/map/{name}',
    summary: 'A map, with what is in it',
    parameters: { name: z.string() },
    query: {
      limit: z
        .string()
        .regex(/^[1-9]\d{0,8}$/, 'it is no number from 1')
        .exactOptional()
        .describe("waggle's own: how many entries at most"),
    },
    answer: BPFMap,
    failures: { 404: 'No such map' },
    handle: (agent, { parameters: { name }, query: { limit } }) =>
      mapListingModel(agent.maps.get(name, limit === undefined ? undefined : Number(limit))),
  }),
  route({
    method: 'get',
    path: '/v1/metrics/',
    summary: 'The figures of the agent and the datapath',
    answer: z.array(Metric),
    handle: (agent) =>
      agent.metrics().map(({ name, value, labels }) => ({ name, value, labels: { ...labels } })),
  }),
  route({
    method: 'get',
    path: '/metrics',
    summary: 'The same figures, as Prometheus reads them',
    extension: true,
    answer: z.string(),
    answerType: 'text/plain; version=0.0.4; charset=utf-8',
    handle: (agent) => prometheusText(agent.metrics()),
  }),
];
