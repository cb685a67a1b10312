/** Two network namespaces joined by a veth pair, for tests that need packets; gone afterwards. */
import { NetworkNamespace } from '../net/namespace.ts';
import { Network } from '../net/network.ts';

/** Two hosts on a wire: `left` has 10.9.0.1/24 on `veth0`, `right` 10.9.0.2/24 on `veth0`. */
export interface Wire {
  readonly left: NetworkNamespace;
  readonly right: NetworkNamespace;
}

/** Runs `body` with two namespaces joined by a veth pair, loopback and addresses up. */
export async function withWire<T>(body: (wire: Wire) => T | Promise<T>): Promise<T> {
  using left = NetworkNamespace.createAnonymous();
  using right = NetworkNamespace.createAnonymous();
  using onLeft = Network.open(left);
  using onRight = Network.open(right);
  onLeft.links.create({ kind: 'veth', name: 'veth0', peer: { name: 'veth0', namespace: right } });
  for (const [network, address] of [
    [onLeft, '10.9.0.1/24'],
    [onRight, '10.9.0.2/24'],
  ] as const) {
    network.links.set('lo', { up: true });
    network.links.set('veth0', { up: true });
    network.addresses.add('veth0', address);
  }
  return await body({ left, right });
}
