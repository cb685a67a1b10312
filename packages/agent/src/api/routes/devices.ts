/** The host's devices that the agent works on. Our own. */
import * as z from 'zod';
import { Device } from '../models/extension.ts';
import { type Route, route } from '../route.ts';

export const deviceRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/devices',
    summary: 'The devices of the host that the agent works on',
    extension: true,
    answer: z.array(Device),
    handle: (agent) => agent.devices().map((device) => ({ ...device })),
  }),
  route({
    method: 'post',
    path: '/v1/devices/{name}/confirm',
    summary: 'Keep what was attached to a device that carries the only default route',
    extension: true,
    parameters: { name: z.string() },
    failures: { 404: 'The agent does not work on this device' },
    handle: (agent, { parameters }) => agent.confirm(parameters.name),
  }),
];
