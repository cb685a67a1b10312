/** Translates the prefix of IPv6 sources without state (RFC 6296): the change is balanced in the rest of the address. */
import {
  array,
  be16,
  Ethernet,
  EtherType,
  hashMap,
  hton16,
  ntoh16,
  struct,
  u16,
  u64,
  Xdp,
  xdp,
  zeroed,
} from '@waggle/bpf';

export const Words = struct('words', { words: array(be16, 8) }, { packed: true });
export const Translation = struct('translation', { outside: array(be16, 3), adjustment: u16, packets: u64 });
export const Prefix = struct('inside', { words: array(be16, 3), padding: u16 });
export const translations = hashMap({ key: Prefix, value: Translation, maxEntries: 64 });

export const translate = xdp((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  if (!ethernet || ethernet.protocol !== EtherType.Ipv6) return Xdp.Pass;
  const source = ctx.at(Words, 14 + 8);
  if (!source) return Xdp.Drop;
  const key = zeroed(Prefix);
  key.words[0] = source.words[0] ?? 0;
  key.words[1] = source.words[1] ?? 0;
  key.words[2] = source.words[2] ?? 0;
  const found = translations.lookup(key);
  if (!found) return Xdp.Pass;
  found.packets += 1n;
  source.words[0] = found.outside[0] ?? 0;
  source.words[1] = found.outside[1] ?? 0;
  source.words[2] = found.outside[2] ?? 0;
  let sum = ntoh16(source.words[3] ?? 0) + found.adjustment;
  sum = (sum & 0xffff) + (sum >>> 16);
  source.words[3] = sum === 0xffff ? 0 : hton16(u16(sum));
  return Xdp.Tx;
});
