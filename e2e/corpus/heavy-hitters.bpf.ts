/** A count-min sketch: three rows of counters by three hashes, of which the smallest is the estimate. */
import {
  array,
  arrayMap,
  be32,
  config,
  Ethernet,
  EtherType,
  Ipv4,
  lruHashMap,
  ntoh32,
  struct,
  u32,
  Xdp,
  xdp,
} from '@waggle/bpf';

export const Row = struct('row', { counters: array(u32, 128) });
export const sketch = arrayMap({ value: Row, maxEntries: 3 });
export const hitters = lruHashMap({ key: be32, value: u32, maxEntries: 128 });
export const threshold = config({ packets: u32 });

function hashed(value: u32, seed: u32): u32 {
  let hash = value * (seed | 1);
  hash ^= hash >>> 15;
  hash *= 0x2c1b3c6d;
  return hash ^ (hash >>> 12);
}

function estimate(address: be32): u32 {
  let least = 0xffffffff;
  for (let index = 0; index < 3; index++) {
    const row = sketch.lookup(index);
    if (!row) return 0;
    const slot = hashed(ntoh32(address), index * 0x9e3779b1 + 0x85ebca77) & 127;
    const count = (row.counters[slot] ?? 0) + 1;
    row.counters[slot] = count;
    if (count < least) least = count;
  }
  return least;
}

export const watch = xdp((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  if (!ethernet || ethernet.protocol !== EtherType.Ipv4) return Xdp.Pass;
  const ip = ctx.at(Ipv4, Ethernet.size);
  if (!ip) return Xdp.Pass;
  const count = estimate(ip.source);
  if (count < threshold.packets) return Xdp.Pass;
  hitters.update(ip.source, count);
  return count > threshold.packets * 2 ? Xdp.Drop : Xdp.Pass;
});
