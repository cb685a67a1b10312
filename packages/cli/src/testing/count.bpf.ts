/** A program for the tests of `waggle compile`. */
import { arrayMap, bool, config, struct, u64, Xdp, xdp } from '@waggle/bpf';

export const Traffic = struct('traffic', { packets: u64 });
export const traffic = arrayMap({ value: Traffic, maxEntries: 1 });
export const settings = config({ drop: bool });

export const count = xdp(() => {
  const seen = traffic.lookup(0);
  if (!seen) return Xdp.Aborted;
  seen.packets += 1n;
  return settings.drop ? Xdp.Drop : Xdp.Pass;
});

export const pass = xdp(() => Xdp.Pass);
