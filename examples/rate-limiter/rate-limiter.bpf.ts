/**
 * A token bucket for each IPv4 address that sends to us. A bucket is a single number, so that CPUs share it without a
 * lock: the time at which it will be full. Each byte puts that off; a bucket that would be full too late is empty.
 */
import {
  atomic,
  be32,
  config,
  Ethernet,
  EtherType,
  Ipv4,
  ktimeGetNs,
  lruHashMap,
  struct,
  Tc,
  tc,
  u64,
} from '@waggle/bpf';

export const Bucket = struct('bucket', { fullAt: u64, passed: u64, dropped: u64 });
export const buckets = lruHashMap({ key: be32, value: Bucket, maxEntries: 65_536 });
/** How fast a bucket fills, and how many bytes it holds. */
export const settings = config({ bytesPerSecond: u64, burst: u64 });
const SECOND = 1_000_000_000n;

export const limit = tc((ctx) => {
  if (ctx.at(Ethernet, 0)?.protocol !== EtherType.Ipv4) return Tc.Next;
  const ip = ctx.at(Ipv4, Ethernet.size);
  if (!ip) return Tc.Next;
  const bucket = buckets.lookup(ip.source);
  if (!bucket) {
    buckets.update(ip.source, { fullAt: 0n, passed: u64(ctx.length), dropped: 0n });
    return Tc.Next;
  }
  const cost = (u64(ctx.length) * SECOND) / settings.bytesPerSecond;
  const depth = (settings.burst * SECOND) / settings.bytesPerSecond;
  const now = ktimeGetNs();
  for (let attempt = 0; attempt < 8; attempt++) {
    const before = bucket.fullAt;
    const after = (before > now ? before : now) + cost;
    if (after > now + depth) break;
    // Another CPU may have been quicker: look again.
    if (atomic.compareExchange(bucket, 'fullAt', before, after) !== before) continue;
    atomic.add(bucket, 'passed', u64(ctx.length));
    return Tc.Next;
  }
  atomic.add(bucket, 'dropped', u64(ctx.length));
  return Tc.Shot;
});
