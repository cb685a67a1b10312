/** Traffic control: priority, mark and notes for later programs by DSCP and port; some classes go to another interface. */
import {
  arrayMap,
  be16,
  Ethernet,
  EtherType,
  hashMap,
  Ipv4,
  ntoh32,
  Ports,
  redirect,
  struct,
  Tc,
  tc,
  u32,
} from '@waggle/bpf';

export const Class = struct('class', { priority: u32, mark: u32, interfaceIndex: u32 });
export const classes = arrayMap({ value: Class, maxEntries: 64 });
export const portClasses = hashMap({ key: be16, value: u32, maxEntries: 256 });

export const classify = tc((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  if (!ethernet) return Tc.Shot;
  if (ethernet.protocol !== EtherType.Ipv4) {
    ctx.priority = 7;
    return Tc.Ok;
  }
  const ip = ctx.at(Ipv4, 14);
  if (!ip) return Tc.Shot;
  let index: u32 = ip.typeOfService >>> 2;
  if (index === 0) {
    const ports = ctx.at(Ports, 14 + (ip.versionAndLength & 15) * 4);
    if (ports) {
      const byDestination = portClasses.lookup(ports.destination);
      index = byDestination === null ? (portClasses.lookup(ports.source) ?? 0) : byDestination;
    }
  }
  const found = classes.lookup(index);
  if (!found) return Tc.Shot;
  ctx.priority = found.priority;
  ctx.mark = (ctx.mark & 0xffff0000) | (found.mark & 0xffff);
  ctx.controlBlock[0] = index;
  ctx.controlBlock[1] = ntoh32(ip.source);
  if (found.interfaceIndex !== 0) return redirect(found.interfaceIndex, 0n);
  return Tc.Ok;
});
