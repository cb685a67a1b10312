/** The model of what is asked for in reports of problems. */
import * as z from 'zod';
import { Endpoint } from './endpoint.ts';
import { Policy } from './policy.ts';
import { models } from './registry.ts';
import { StatusResponse } from './status.ts';

export const DebugInfo = z
  .object({
    'cilium-version': z.string(),
    'kernel-version': z.string(),
    'cilium-status': StatusResponse,
    'endpoint-list': z.array(Endpoint),
    policy: Policy,
    'environment-variables': z.array(z.string()),
    subsystem: z.record(z.string(), z.string()),
  })
  .register(models, { id: 'DebugInfo', description: 'All that the agent knows of itself; no secrets.' });
export type DebugInfo = z.output<typeof DebugInfo>;
