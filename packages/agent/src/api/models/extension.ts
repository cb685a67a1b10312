/** Models of what the field has no path for. */
import * as z from 'zod';
import { models } from './registry.ts';

export const Device = z
  .object({
    name: z.string(),
    index: z.int(),
    masquerade: z.boolean(),
    unconfirmed: z.number().exactOptional(),
  })
  .register(models, {
    id: 'Device',
    description:
      "waggle's own: a device of the host that the agent works on. `unconfirmed`: seconds until it is let go of, unless somebody confirms it.",
  });
export type Device = z.output<typeof Device>;

export const MonitorEvent = z
  .looseObject({ type: z.enum(['drop', 'trace', 'policy-verdict', 'agent', 'lost']), time: z.string() })
  .register(models, {
    id: 'MonitorEvent',
    description:
      "waggle's own: something that happened. `lost`, with a `count`: this client was too slow for so many events.",
  });
