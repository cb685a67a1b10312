/** Walks the extension headers of IPv6 to the transport, and drops what forbids or hides it (RFC 8200, RFC 5095). */
import { arrayMap, Ethernet, EtherType, Ipv6, Ports, struct, u8, u32, Xdp, xdp } from '@waggle/bpf';

export const Extension = struct(
  'extension',
  { nextHeader: u8, length: u8, type: u8, left: u8 },
  { packed: true },
);
export const transports = arrayMap({ value: u32, maxEntries: 256 });
const Next = { HopByHop: 0, Routing: 43, Fragment: 44, Destination: 60, None: 59 };

export const walkExtensions = xdp((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  if (!ethernet || ethernet.protocol !== EtherType.Ipv6) return Xdp.Pass;
  const ip = ctx.at(Ipv6, Ethernet.size);
  if (!ip) return Xdp.Drop;
  let next = ip.nextHeader;
  let offset = Ethernet.size + Ipv6.size;
  for (let headers = 0; headers < 6; headers++) {
    if (
      next !== Next.HopByHop &&
      next !== Next.Routing &&
      next !== Next.Fragment &&
      next !== Next.Destination
    )
      break;
    const extension = ctx.at(Extension, offset & 0x3fff);
    if (!extension) return Xdp.Drop;
    if (next === Next.Routing && extension.type === 0) return Xdp.Drop;
    if (next === Next.Fragment) offset += 8;
    else offset += (extension.length + 1) * 8;
    next = extension.nextHeader;
  }
  if (next === Next.None) return Xdp.Pass;
  const seen = transports.lookup(next) ?? 0;
  transports.update(next, seen + 1);
  const ports = ctx.at(Ports, offset & 0x3fff);
  if (!ports) return Xdp.Drop;
  return ports.destination === 443 ? Xdp.Tx : Xdp.Pass;
});
