/** sk_lookup: which addresses and ports this host answers, whatever its sockets are bound to. */
import { arrayMap, be32, lpmTrie, Sk, skLookup, struct, u8, u16, u32, u64 } from '@waggle/bpf';

export const Prefix = struct('prefix', { prefixLength: u32, address: be32 });
export const Ranges = struct('ranges', { first: u16, last: u16, protocol: u8 });
export const prefixes = lpmTrie({ key: Prefix, value: u32, maxEntries: 64 });
export const ranges = arrayMap({ value: Ranges, maxEntries: 16 });
export const decisions = arrayMap({ value: u64, maxEntries: 3 });

function decide(decision: u32, verdict: u32): u32 {
  const count = decisions.lookup(decision) ?? 0n;
  decisions.update(decision, count + 1n);
  return verdict;
}

export const steer = skLookup((ctx) => {
  if (ctx.family !== 2) return decide(0, Sk.Pass);
  const found = prefixes.lookup({ prefixLength: 32, address: ctx.localIp4 });
  if (found === null) return decide(0, Sk.Pass);
  const port = ctx.localPort;
  for (let index = 0; index < 4; index++) {
    const range = ranges.lookup(found * 4 + index);
    if (!range || range.last === 0) break;
    if (port >= range.first && port <= range.last && ctx.protocol === range.protocol)
      return decide(1, Sk.Pass);
  }
  return decide(2, Sk.Drop);
});
