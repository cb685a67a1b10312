/** Smoothed round trip times from TCP timestamps (RFC 6298): signed differences, divisions and shifts. */
import {
  be16,
  be32,
  hashMap,
  IpProtocol,
  Ipv4,
  i32,
  i64,
  ntoh32,
  struct,
  Tc,
  Tcp,
  tc,
  u8,
  u32,
  zeroed,
} from '@waggle/bpf';

export const Estimate = struct('estimate', { smoothed: i32, variance: i32, timeout: i64, samples: u32 });
export const Stamps = struct(
  'stamps',
  { padding: be16, kind: u8, length: u8, value: be32, echo: be32 },
  { packed: true },
);
export const estimates = hashMap({ key: be32, value: Estimate, maxEntries: 256 });
const TIMESTAMPS = 8;
const CLOCK: i32 = 1_000_000;

export const estimate = tc((ctx) => {
  const ip = ctx.at(Ipv4, 14);
  if (!ip || ip.protocol !== IpProtocol.Tcp || ip.versionAndLength !== 0x45) return Tc.Ok;
  const stamps = ctx.at(Stamps, 14 + Ipv4.size + Tcp.size);
  if (!stamps || stamps.kind !== TIMESTAMPS || stamps.length !== 10) return Tc.Ok;
  const sample = (CLOCK - i32(ntoh32(stamps.echo))) / 8;
  const found = estimates.lookup(ip.destination);
  if (!found) {
    const first = zeroed(Estimate);
    first.smoothed = sample;
    first.variance = sample / 2;
    first.samples = 1;
    estimates.update(ip.destination, first);
    return Tc.Ok;
  }
  const error = sample - found.smoothed;
  const distance = error < 0 ? -error : error;
  found.variance += (distance - found.variance) / 4;
  found.smoothed += error >> 3;
  const timeout = i64(found.smoothed) * 1000n + i64(found.variance) * 4000n;
  found.timeout = timeout < -5_000_000n ? -5_000_000n : (timeout / 3n) * 3n + (timeout % 7n);
  found.samples += 1;
  ctx.priority = u32(found.samples % 5);
  return error > 1000 ? Tc.Shot : Tc.Ok;
});
