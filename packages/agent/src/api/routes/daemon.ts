/** The agent as a whole: status, configuration, and what is asked for in reports. */
import { release } from 'node:os';
import * as z from 'zod';
import { DaemonConfiguration, DaemonConfigurationSpec } from '../models/config.ts';
import { DebugInfo } from '../models/debug.ts';
import { StatusResponse } from '../models/status.ts';
import { type Route, route } from '../route.ts';
import { configChange, configModel } from '../views/config.ts';
import { endpointModel } from '../views/endpoint.ts';
import { statusModel } from '../views/status.ts';
import { policyModel } from './policy.ts';

export const daemonRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/healthz',
    summary: 'How the agent and its parts are',
    headers: { brief: z.enum(['true', 'false']).exactOptional().describe('Only the agent as a whole') },
    answer: StatusResponse,
    handle: (agent, { headers }) => statusModel(agent, headers.brief === 'true'),
  }),
  route({
    method: 'get',
    path: '/v1/config',
    summary: "The agent's configuration",
    answer: DaemonConfiguration,
    handle: (agent) => configModel(agent),
  }),
  route({
    method: 'patch',
    path: '/v1/config',
    summary: 'Change what can be changed while the agent runs',
    body: DaemonConfigurationSpec,
    answer: DaemonConfiguration,
    failures: { 400: 'An option that is not known, or cannot have this value' },
    handle: (agent, { body }) => {
      agent.setConfig(configChange(body));
      return configModel(agent);
    },
  }),
  route({
    method: 'get',
    path: '/v1/debuginfo',
    summary: 'All that the agent knows of itself, for reports of problems',
    answer: DebugInfo,
    handle: (agent) => {
      const { mutable } = agent.config();
      const endpoints = agent.endpoints.list();
      return {
        'cilium-version': agent.status().version,
        'kernel-version': release(),
        'cilium-status': statusModel(agent, false),
        'endpoint-list': endpoints.map((view) =>
          endpointModel(view, agent.endpoints.log({ id: view.id }), mutable.audit),
        ),
        policy: policyModel(agent.policy.list()),
        // Others may hold secrets.
        'environment-variables': Object.entries(process.env)
          .filter(([name]) => name.startsWith('WAGGLE_'))
          .map(([name, value]) => `${name}=${value ?? ''}`),
        subsystem: Object.fromEntries(
          agent.maps
            .list()
            .map(({ name, entries, maxEntries }) => [`map ${name}`, `${entries} of ${maxEntries}`]),
        ),
      };
    },
  }),
];
