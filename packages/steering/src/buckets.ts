/**
 * How the connections of a label are spread over its sockets: each of 64 buckets belongs to one, in proportion to their weights. A
 * socket that comes or goes takes few buckets from the others, so that most UDP flows stay where they are. Beside its owner, a
 * bucket names those that step in when the owner is gone.
 */
import { ALTERNATIVES, BUCKETS } from './steer.bpf.ts';

/** A socket to be given connections. */
export interface Member {
  /** Its slot, from 0. */
  readonly slot: number;
  readonly cookie: bigint;
  /** At least 1. */
  readonly weight: number;
}

/** The slots of each bucket, in the order in which they are tried. */
export function spread(members: readonly Member[]): number[][] {
  const room = quotas(members);
  const pairs = members.flatMap((member, index) =>
    Array.from({ length: BUCKETS }, (_, bucket) => ({
      bucket,
      index,
      score: scoreOf(member.cookie, bucket),
    })),
  );
  pairs.sort((left, right) => right.score - left.score);
  const owners = new Array<number | undefined>(BUCKETS).fill(undefined);
  for (const { bucket, index } of pairs) {
    const left = room[index] ?? 0;
    if (owners[bucket] !== undefined || left === 0) continue;
    owners[bucket] = index;
    room[index] = left - 1;
  }
  return owners.map((owner, bucket) => {
    const others = pairs
      .filter((pair) => pair.bucket === bucket && pair.index !== owner)
      .map(({ index }) => index);
    const order = owner === undefined ? others : [owner, ...others];
    return order.slice(0, ALTERNATIVES).map((index) => members[index]?.slot ?? 0);
  });
}

/** The number of buckets of each member: its share, rounded so that all buckets are given away. */
function quotas(members: readonly Member[]): number[] {
  const total = members.reduce((sum, { weight }) => sum + weight, 0);
  const shares = members.map(({ weight }) => (weight * BUCKETS) / total);
  const quota = shares.map(Math.floor);
  const byRemainder = shares
    .map((share, index) => ({ index, rest: share % 1 }))
    .sort((a, b) => b.rest - a.rest);
  const missing = BUCKETS - quota.reduce((sum, each) => sum + each, 0);
  for (const { index } of byRemainder.slice(0, missing)) quota[index] = (quota[index] ?? 0) + 1;
  return quota;
}

/** A number that is as good as random, and the same each time (the finalizer of MurmurHash3). */
function scoreOf(cookie: bigint, bucket: number): number {
  let hash = Number(BigInt.asUintN(32, cookie ^ (cookie >> 32n))) ^ Math.imul(bucket + 1, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
