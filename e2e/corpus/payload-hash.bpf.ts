/** Samples packets by a hash of their payload (FNV-1a, then a reduction without division), one in so many. */
import { array, config, perCpuArrayMap, ringBuffer, struct, Tc, tc, u8, u32, u64 } from '@waggle/bpf';

export const sampling = config({ oneIn: u32 });
export const Sample = struct('sample', { hash: u64, length: u32, bucket: u32 });
export const samples = ringBuffer({ bytes: 4096, record: Sample });
export const total = perCpuArrayMap({ value: array(u64, 4), maxEntries: 1 });

export const sample = tc((ctx) => {
  let hash = 0xcbf29ce484222325n;
  for (let index = 0; index < 32; index++) {
    const byte = ctx.at(u8, 14 + index);
    if (byte === null) break;
    hash = (hash ^ u64(byte)) * 0x100000001b3n;
  }
  const counts = total.lookup(0);
  if (!counts) return Tc.Shot;
  const quarter = u32(hash >> 62n);
  counts[quarter & 3] = (counts[quarter & 3] ?? 0n) + 1n;
  const scaled = u32((u64(u32(hash)) * u64(sampling.oneIn)) >> 32n);
  if (scaled !== 0) return Tc.Ok;
  ctx.mark = u32(hash % 1000n);
  samples.output({ hash, length: ctx.length, bucket: u32(hash / 1_000_000_007n) });
  return Tc.Ok;
});
