/** Models of identities and of the addresses that stand for them. */
import * as z from 'zod';
import { Labels } from './common.ts';
import { models } from './registry.ts';

export const Identity = z
  .object({ id: z.int(), labels: Labels, labelsSHA256: z.string() })
  .register(models, { id: 'Identity', description: 'A security identity: a number for a set of labels.' });
export type Identity = z.output<typeof Identity>;

export const IdentityEndpoints = z.object({ identity: Identity, refCount: z.int() }).register(models, {
  id: 'IdentityEndpoints',
  description: 'An identity, and how many endpoints of this host have it.',
});
export type IdentityEndpoints = z.output<typeof IdentityEndpoints>;

export const IPListEntry = z
  .object({
    cidr: z.string(),
    identity: z.int(),
    metadata: z.object({
      source: z.string(),
      namespace: z.string().exactOptional(),
      name: z.string().exactOptional(),
    }),
  })
  .register(models, { id: 'IPListEntry', description: 'A prefix, who is there, and who says so.' });
export type IPListEntry = z.output<typeof IPListEntry>;
