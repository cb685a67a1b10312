/** A learning bridge: remembers behind which interface a MAC address is, and where frames for it go. */
import {
  bytes,
  Ethernet,
  EtherType,
  type Infer,
  lruHashMap,
  ntoh16,
  perCpuArrayMap,
  redirect,
  struct,
  u16,
  u32,
  u64,
  Vlan,
  Xdp,
  xdp,
} from '@waggle/bpf';

export const Mac = struct('mac', { bytes: bytes(6), vlan: u16 });
export const Place = struct('place', { interfaceIndex: u32, moves: u32 });
export const places = lruHashMap({ key: Mac, value: Place, maxEntries: 512 });
export const flooded = perCpuArrayMap({ value: u64, maxEntries: 1 });

export const bridge = xdp((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  if (!ethernet) return Xdp.Drop;
  let vlan: u16 = 1;
  if (ethernet.protocol === EtherType.Vlan) {
    const tag = ctx.at(Vlan, 14);
    if (!tag) return Xdp.Drop;
    vlan = ntoh16(tag.tag) & 0xfff;
  }
  if (((ethernet.source[0] ?? 0) & 1) !== 0) return Xdp.Drop;
  const source: Infer<typeof Mac> = { bytes: ethernet.source, vlan };
  const place = places.lookup(source);
  if (!place) {
    places.update(source, { interfaceIndex: ctx.ingressInterface, moves: 0 });
  } else if (place.interfaceIndex !== ctx.ingressInterface) {
    place.interfaceIndex = ctx.ingressInterface;
    place.moves += 1;
  }
  if (((ethernet.destination[0] ?? 0) & 1) === 0) {
    const target = places.lookup({ bytes: ethernet.destination, vlan });
    if (target)
      return target.interfaceIndex === ctx.ingressInterface ? Xdp.Drop : redirect(target.interfaceIndex, 0n);
  }
  const count = flooded.lookup(0) ?? 0n;
  flooded.update(0, count + 1n);
  return Xdp.Pass;
});
