/** Hashes the name in a DNS query label by label, without regard to case, and looks it up in a list. */
import {
  arrayMap,
  be16,
  be32,
  Ethernet,
  EtherType,
  hashMap,
  IpProtocol,
  Ipv4,
  struct,
  Udp,
  u8,
  u32,
  u64,
  Xdp,
  xdp,
} from '@waggle/bpf';

export const Dns = struct(
  'dns',
  { id: be16, flags: be16, questions: be16, answers: be16, more: be32 },
  { packed: true },
);
export const names = hashMap({ key: u64, value: u32, maxEntries: 256 });
export const queries = arrayMap({ value: u64, maxEntries: 1 });

export const filterNames = xdp((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  const ip = ctx.at(Ipv4, 14);
  if (!ethernet || !ip || ethernet.protocol !== EtherType.Ipv4) return Xdp.Pass;
  if (ip.versionAndLength !== 0x45 || ip.protocol !== IpProtocol.Udp) return Xdp.Pass;
  const udp = ctx.at(Udp, 34);
  const dns = ctx.at(Dns, 42);
  if (!udp || !dns || udp.destination !== 53 || (dns.flags & 0x8000) !== 0 || dns.questions !== 1)
    return Xdp.Pass;
  let hash = 0xcbf29ce484222325n;
  let left = 0;
  for (let index = 0; index < 64; index++) {
    const byte = ctx.at(u8, 54 + index);
    if (byte === null) return Xdp.Drop;
    if (left === 0) {
      if (byte === 0) break;
      if (byte > 63) return Xdp.Drop;
      left = byte;
    } else {
      left -= 1;
    }
    const lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    hash = (hash ^ u64(lower)) * 0x100000001b3n;
  }
  queries.update(0, hash);
  const times = names.lookup(hash);
  if (times === null) return Xdp.Pass;
  names.update(hash, times + 1);
  return Xdp.Drop;
});
