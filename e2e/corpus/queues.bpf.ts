/** Addresses to look at later: new ones go to a queue, the last bad ones to a stack that answers who was before. */
import { arrayMap, be32, hashMap, Ipv4, queueMap, stackMap, struct, u32, Xdp, xdp } from '@waggle/bpf';

export const Seen = struct('seen', { address: be32, length: u32 });
export const waiting = queueMap({ value: Seen, maxEntries: 32 });
export const recent = stackMap({ value: be32, maxEntries: 16 });
export const known = hashMap({ key: be32, value: u32, maxEntries: 512 });
export const verdicts = arrayMap({ value: u32, maxEntries: 4 });

export const enqueue = xdp((ctx) => {
  const ip = ctx.at(Ipv4, 14);
  if (!ip || ip.versionAndLength >>> 4 !== 4) return Xdp.Pass;
  const times = known.lookup(ip.source);
  if (times === null) {
    known.update(ip.source, 1);
    if (waiting.push({ address: ip.source, length: ctx.length }) !== 0) verdicts.update(0, ctx.length);
    return Xdp.Pass;
  }
  known.update(ip.source, times + 1);
  if (ip.timeToLive < 5) {
    const before = recent.peek();
    if (before !== null && before === ip.source) return Xdp.Drop;
    recent.push(ip.source, 2n);
  }
  if (times % 4 === 0) {
    const next = waiting.pop();
    if (!next) return Xdp.Drop;
    verdicts.update(1, next.length);
    return next.address === ip.source ? Xdp.Tx : Xdp.Pass;
  }
  return Xdp.Pass;
});
