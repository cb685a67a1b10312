/** An address pool as it is saved. Times are milliseconds of the wall clock, for they outlive the machine's uptime. */
import * as z from 'zod';

export const LeaseSnapshot = z.strictObject({
  address: z.string(),
  owner: z.string(),
  /** When it is given back unless it was taken. */
  expires: z.number().optional(),
});

export const PoolSnapshot = z.strictObject({
  cidr: z.string(),
  /** Where the search for the next address begins. */
  next: z.string(),
  leases: z.array(LeaseSnapshot),
  /** Given back a short time ago, oldest first. */
  resting: z.array(z.strictObject({ address: z.string(), until: z.number() })),
});
export type PoolSnapshot = z.infer<typeof PoolSnapshot>;
