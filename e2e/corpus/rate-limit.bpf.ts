/** A token bucket for each source: nanoseconds of credit, which packets cost and time gives back. */
import {
  be32,
  config,
  Ethernet,
  EtherType,
  Ipv4,
  ktimeGetNs,
  lruHashMap,
  perCpuArrayMap,
  struct,
  u64,
  Xdp,
  xdp,
} from '@waggle/bpf';

export const Credit = struct('credit', { nanoseconds: u64, updated: u64 });
export const credits = lruHashMap({ key: be32, value: Credit, maxEntries: 1024 });
export const rate = config({ costPerPacket: u64, costPerByte: u64, burst: u64 });
export const dropped = perCpuArrayMap({ value: u64, maxEntries: 1 });

export const limit = xdp((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  const ip = ctx.at(Ipv4, 14);
  if (!ethernet || !ip || ethernet.protocol !== EtherType.Ipv4) return Xdp.Pass;
  const now = ktimeGetNs();
  const cost = rate.costPerPacket + rate.costPerByte * u64(ctx.length);
  const credit = credits.lookup(ip.source);
  if (!credit) {
    credits.update(ip.source, { nanoseconds: rate.burst - cost, updated: now });
    return Xdp.Pass;
  }
  const gained = (now - credit.updated) >> 40n;
  let available = credit.nanoseconds + gained;
  if (available > rate.burst) available = rate.burst;
  credit.updated = now;
  if (available < cost) {
    credit.nanoseconds = available;
    const count = dropped.lookup(0) ?? 0n;
    dropped.update(0, count + 1n);
    return Xdp.Drop;
  }
  credit.nanoseconds = available - cost;
  return Xdp.Pass;
});
