/** Connections to the address of a service go to one of its backends; the original address is kept for getpeername. */
import {
  array,
  be16,
  be32,
  Cgroup,
  cgroupConnect4,
  getPrandomU32,
  getSocketCookie,
  hashMap,
  hton16,
  lruHashMap,
  ntoh16,
  struct,
  u8,
  u16,
  u32,
  u64,
} from '@waggle/bpf';

export const Service = struct('service', { address: be32, port: be16, protocol: u8 });
export const Backend = struct('backend', { address: be32, port: be16 });
export const Backends = struct('backends', { count: u32, list: array(Backend, 4) });
export const services = hashMap({ key: Service, value: Backends, maxEntries: 64 });
export const originals = lruHashMap({ key: u64, value: Backend, maxEntries: 1024 });

/** A port as the context has it, network order in its first two bytes, and back. */
const swapped = (port: u32): u16 => u16(((port & 0xff) << 8) | ((port >>> 8) & 0xff));

export const connect = cgroupConnect4((ctx) => {
  const port = hton16(swapped(ctx.userPort));
  const service = services.lookup({ address: ctx.userIp4, port, protocol: u8(ctx.protocol) });
  if (!service || service.count === 0) return Cgroup.Allow;
  const index = getPrandomU32() % service.count;
  const backend = service.list[index & 3];
  if (!backend || backend.port === 0) return Cgroup.Deny;
  originals.update(getSocketCookie(ctx), { address: ctx.userIp4, port });
  ctx.userIp4 = backend.address;
  ctx.userPort = swapped(ntoh16(backend.port));
  return Cgroup.Allow;
});
