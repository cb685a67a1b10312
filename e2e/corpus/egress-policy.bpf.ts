/** What the processes of a cgroup may send: a policy by destination, and a budget of bytes for each of its classes. */
import {
  arrayMap,
  bytes,
  Cgroup,
  cgroupSkbEgress,
  Ipv6,
  i64,
  lpmTrie,
  ntoh32,
  struct,
  u32,
} from '@waggle/bpf';

export const Prefix = struct('prefix', { prefixLength: u32, address: bytes(16) });
export const Budget = struct('budget', { left: i64, refused: u32, allowed: u32 });
export const policy = lpmTrie({ key: Prefix, value: u32, maxEntries: 256 });
export const budgets = arrayMap({ value: Budget, maxEntries: 16 });

export const allow = cgroupSkbEgress((ctx) => {
  const ip = ctx.at(Ipv6, 0);
  if (!ip || ntoh32(ip.versionAndFlow) >>> 28 !== 6) return Cgroup.Allow;
  const found = policy.lookup({ prefixLength: 128, address: ip.destination });
  if (found === null) return Cgroup.Deny;
  const budget = budgets.lookup(found);
  if (!budget) return Cgroup.Deny;
  budget.left -= i64(ctx.length);
  if (budget.left < 0n) {
    budget.refused += 1;
    if (budget.left < -1500n) budget.left = -1500n;
    return Cgroup.Deny;
  }
  budget.allowed += 1;
  return Cgroup.Allow;
});
