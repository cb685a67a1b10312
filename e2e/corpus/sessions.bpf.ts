/** Keeps a copy of the first headers of each flow, in structs within structs, and compares later ones with it. */
import {
  array,
  arrayMap,
  be32,
  Ethernet,
  hashMap,
  type Infer,
  Ipv4,
  Ports,
  struct,
  u16,
  u32,
  Xdp,
  xdp,
} from '@waggle/bpf';

export const Key = struct('key', { source: be32, destination: be32, ports: Ports });
export const Snapshot = struct('snapshot', {
  ethernet: Ethernet,
  ip: Ipv4,
  changes: array(u16, 4),
  times: u32,
});
export const sessions = hashMap({ key: Key, value: Snapshot, maxEntries: 512 });
export const latest = arrayMap({ value: Snapshot, maxEntries: 2 });

export const remember = xdp((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  const ip = ctx.at(Ipv4, 14);
  const ports = ctx.at(Ports, 34);
  if (!ethernet || !ip || !ports || ip.versionAndLength !== 0x45) return Xdp.Pass;
  const key: Infer<typeof Key> = { source: ip.source, destination: ip.destination, ports };
  const session = sessions.lookup(key);
  if (!session) {
    const fresh: Infer<typeof Snapshot> = { ethernet, ip, changes: [0, 0, 0, 0], times: 1 };
    sessions.update(key, fresh);
    latest.update(0, fresh);
    return Xdp.Pass;
  }
  session.times += 1;
  if (session.ip.timeToLive !== ip.timeToLive) session.changes[0] = u16((session.changes[0] ?? 0) + 1);
  if (session.ip.typeOfService !== ip.typeOfService) session.changes[1] = u16((session.changes[1] ?? 0) + 1);
  if (session.ethernet.protocol !== ethernet.protocol)
    session.changes[2] = u16((session.changes[2] ?? 0) + 1);
  const stored = latest.lookup(1);
  if (!stored) return Xdp.Aborted;
  stored.ethernet = session.ethernet;
  stored.ip = ip;
  stored.changes = session.changes;
  stored.times = session.times;
  session.ip = ip;
  return session.times > 3 ? Xdp.Drop : Xdp.Pass;
});
