/** Which events a client asks for: the part that requests for flows, for events of the agent and for debug events have in common. */
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import type { EventQuery } from '../source.ts';
import { timeOf } from './timestamp.ts';

/** What those requests have in common. */
interface EventRequest {
  readonly number: bigint;
  readonly first: boolean;
  readonly follow: boolean;
  readonly since?: Timestamp | undefined;
  readonly until?: Timestamp | undefined;
}

/** More than any store has: clients say "all" by the greatest number that there is. */
const MOST = 2n ** 31n - 1n;

/** The query of a request; what cannot be asked for is the source's to say. */
export const eventQuery = ({ number, first, follow, since, until }: EventRequest): EventQuery => ({
  ...(number !== 0n && { number: Number(number < MOST ? number : MOST) }),
  ...(first && { first }),
  ...(follow && { follow }),
  ...(since && { since: timeOf(since) }),
  ...(until && { until: timeOf(until) }),
});
