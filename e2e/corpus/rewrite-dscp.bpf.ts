/** Traffic control: sets the code point of packets by their mark, with the kernel's help for the checksum. */
import {
  arrayMap,
  type Infer,
  Ipv4,
  l3CsumReplace,
  skbStoreBytes,
  struct,
  Tc,
  tc,
  u8,
  u64,
} from '@waggle/bpf';

export const Bytes = struct('two_bytes', { version: u8, service: u8 });
export const points = arrayMap({ value: u8, maxEntries: 32 });

export const rewrite = tc((ctx) => {
  const ip = ctx.at(Ipv4, 14);
  if (!ip || ip.versionAndLength >>> 4 !== 4) return Tc.Ok;
  const point = points.lookup(ip.timeToLive & 31);
  if (point === null || point === 0xff) return Tc.Ok;
  const before: Infer<typeof Bytes> = { version: ip.versionAndLength, service: ip.typeOfService };
  const after: Infer<typeof Bytes> = {
    version: before.version,
    service: u8((before.service & 3) | (point << 2)),
  };
  if (after.service === before.service) return Tc.Ok;
  const from = u64(before.version | (before.service << 8));
  const to = u64(after.version | (after.service << 8));
  if (l3CsumReplace(ctx, 24, from, to, 2n) !== 0) return Tc.Shot;
  if (skbStoreBytes(ctx, 14, after, 0n) !== 0) return Tc.Shot;
  const moved = ctx.at(Ipv4, 14);
  if (!moved) return Tc.Shot;
  ctx.mark = moved.typeOfService;
  return Tc.Ok;
});
