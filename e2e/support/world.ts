/** The world of a lab's host: a namespace beyond an uplink that knows nothing of waggle, but how to reach the endpoints. */
import { Network, type NetworkNamespace, writeSysctl } from '@waggle/kernel';

/** The world's address, and that of the host on the device `uplink`. */
export const WORLD = { ipv4: '198.51.100.2', ipv6: '2001:db8:ffff::2' };
export const UPLINK = { ipv4: '198.51.100.1', ipv6: '2001:db8:ffff::1' };

/** Joins a host and its world, both of them empty namespaces. @param pools - Where endpoints have their addresses. */
export function joinWorld(
  host: NetworkNamespace,
  world: NetworkNamespace,
  pools: { readonly ipv4: string; readonly ipv6: string },
): void {
  using near = Network.open(host);
  using far = Network.open(world);
  for (const [namespace, network] of [
    [host, near],
    [world, far],
  ] as const) {
    namespace.run(() => writeSysctl('net.ipv6.conf.default.accept_dad', 0));
    network.links.set('lo', { up: true });
  }
  near.links.create({ kind: 'veth', name: 'uplink', up: true, peer: { name: 'eth0', namespace: world } });
  far.links.set('eth0', { up: true });
  for (const family of ['ipv4', 'ipv6'] as const) {
    const length = family === 'ipv4' ? 24 : 64;
    near.addresses.add('uplink', `${UPLINK[family]}/${length}`);
    far.addresses.add('eth0', `${WORLD[family]}/${length}`);
    far.routes.add({ destination: pools[family], via: UPLINK[family] });
  }
}
