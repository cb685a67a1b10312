/** Counters that CPUs share: sums, flags, a maximum by compare and exchange, the last length that was seen. */
import { arrayMap, atomic, Ethernet, EtherType, struct, u32, u64, Xdp, xdp } from '@waggle/bpf';

export const Shared = struct('shared', {
  packets: u64,
  bytes: u64,
  flags: u32,
  longest: u32,
  last: u32,
  toggles: u32,
  seen: u64,
});
export const shared = arrayMap({ value: Shared, maxEntries: 4 });

export const account = xdp((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  if (!ethernet) return Xdp.Drop;
  const found = shared.lookup(
    ethernet.protocol === EtherType.Ipv4 ? 0 : ethernet.protocol === EtherType.Ipv6 ? 1 : 2,
  );
  if (!found) return Xdp.Aborted;
  const length = ctx.length;
  atomic.add(found, 'packets', 1n);
  const before = atomic.add(found, 'bytes', u64(length));
  atomic.or(found, 'flags', 1 << (length & 31));
  if (length > 1000) atomic.and(found, 'flags', 0x7fffffff);
  atomic.xor(found, 'toggles', length);
  const last = atomic.exchange(found, 'last', length);
  for (let attempts = 0; attempts < 4; attempts++) {
    const longest = found.longest;
    if (length <= longest) break;
    if (atomic.compareExchange(found, 'longest', longest, length) === longest) break;
  }
  if (atomic.or(found, 'seen', 1n << u64(length & 63)) === 0n) return Xdp.Tx;
  return last === length && before > 10_000n ? Xdp.Drop : Xdp.Pass;
});
