/** Functions that stay functions: a hash that is called from several places, with and without pointers. */
import { arrayMap, Ethernet, EtherType, Ipv4, ntoh32, struct, Tc, tc, u32, u64 } from '@waggle/bpf';

export const Bucket = struct('bucket', { hits: u32, sum: u64 });
export const buckets = arrayMap({ value: Bucket, maxEntries: 64 });

function rotated(value: u32, by: u32): u32 {
  return (value << by) | (value >>> (32 - by));
}

function mixed(first: u32, second: u32, third: u32): u32 {
  let a = first + 0x9e3779b9;
  let b = second + 0x9e3779b9;
  let c = third;
  c = (c ^ b) - rotated(b, 14);
  a = (a ^ c) - rotated(c, 11);
  b = (b ^ a) - rotated(a, 25);
  c = (c ^ b) - rotated(b, 16);
  a = (a ^ c) - rotated(c, 4);
  b = (b ^ a) - rotated(a, 14);
  return (c ^ b) - rotated(b, 24);
}

function record(hash: u32, length: u32): u64 {
  const bucket = buckets.lookup(hash & 63);
  if (!bucket) return 0n;
  bucket.hits += 1;
  bucket.sum += u64(length);
  return bucket.sum;
}

export const scatter = tc((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  const ip = ctx.at(Ipv4, 14);
  if (!ethernet || !ip || ethernet.protocol !== EtherType.Ipv4) return Tc.Ok;
  const forward = mixed(ntoh32(ip.source), ntoh32(ip.destination), ip.protocol);
  const backward = mixed(ntoh32(ip.destination), ntoh32(ip.source), ip.protocol);
  const both = mixed(forward, backward, ctx.mark);
  const first = record(forward, ctx.length);
  const second = record(backward, ctx.length);
  const third = record(both, 1);
  ctx.mark = both;
  return first + second > third << 8n ? Tc.Shot : Tc.Ok;
});
