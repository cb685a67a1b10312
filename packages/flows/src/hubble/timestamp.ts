/** Times of flows, nanoseconds since 1970, as messages have them: seconds and the nanoseconds that are left. */
import type { Timestamp } from '@bufbuild/protobuf/wkt';

const SECOND = 1_000_000_000n;

/** The message of a time. */
export const timestampOf = (time: bigint): { readonly seconds: bigint; readonly nanos: number } => ({
  seconds: time / SECOND,
  nanos: Number(time % SECOND),
});

/** The time of a message. */
export const timeOf = ({ seconds, nanos }: Pick<Timestamp, 'seconds' | 'nanos'>): bigint =>
  seconds * SECOND + BigInt(nanos);
