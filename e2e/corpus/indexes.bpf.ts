/** Tables by computed indexes: quotients, remainders and fields in network order, which the verifier follows only in part. */
import { array, arrayMap, Ethernet, ntoh16, struct, u16, u32, u64, Xdp, xdp } from '@waggle/bpf';

export const Tables = struct('tables', { fives: array(u32, 5), halves: array(u16, 7), wide: array(u64, 16) });
export const tables = arrayMap({ value: Tables, maxEntries: 1 });

export const index = xdp((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  const table = tables.lookup(0);
  if (!ethernet || !table) return Xdp.Aborted;
  const protocol = ntoh16(ethernet.protocol);
  let sum = table.fives[ctx.length % 5] ?? 0;
  sum += table.halves[(ctx.length & 63) / 10] ?? 0;
  sum += u32(table.wide[(ctx.length % 10) & 15] ?? 0n);
  sum += u32(table.wide[protocol & 15] ?? 0n);
  sum += u32(table.wide[protocol >>> 12] ?? 0n);
  sum += table.fives[u32(u64(protocol) % 5n)] ?? 0;
  sum += table.fives[ctx.length / 10] ?? 7;
  const later = ctx.at(u16, (protocol % 100) & 127);
  if (later === null) return Xdp.Drop;
  table.fives[protocol % 4] = sum;
  return sum + later > 100_000 ? Xdp.Tx : Xdp.Pass;
});
