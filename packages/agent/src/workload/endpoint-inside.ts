/** The endpoint's side of its network: its device, and the gateway as the way to everywhere. */
import { WaggleError } from '@waggle/bpf';
import {
  hostPrefix,
  type Network,
  type NetworkLink,
  type NetworkNamespace,
  type RouteSpec,
  writeSysctl,
} from '@waggle/kernel';
import type { EndpointAddresses } from '../addresses/index.ts';
import type { Gateway } from './gateway.ts';

/** What is to be set up inside. */
export interface InsideSpec {
  readonly namespace: NetworkNamespace;
  readonly network: Network;
  /** The endpoint's end of the pair. */
  readonly link: NetworkLink;
  readonly addresses: EndpointAddresses;
  readonly gateway: Gateway;
}

/**
 * Sets up an endpoint's side; what is set up already stays.
 * @throws WaggleError EXISTS when there is another default route; KernelError.
 */
export function configureEndpoint({ namespace, network, link, addresses, gateway }: InsideSpec): void {
  const { ipv4, ipv6 } = addresses;
  if (ipv6 !== undefined) namespace.run(() => prepareIpv6(link.name));
  network.links.set('lo', { up: true });
  network.links.set(link.index, { up: true });
  if (ipv4 !== undefined) {
    network.addresses.replace(link.index, hostPrefix(ipv4));
    network.neighbours.replace({ device: link.index, address: gateway.ipv4, mac: gateway.mac });
    addRoute(network, { destination: hostPrefix(gateway.ipv4), device: link.index, scope: 'link' });
    addRoute(network, { destination: '0.0.0.0/0', via: gateway.ipv4, device: link.index });
  }
  if (ipv6 !== undefined) {
    network.addresses.replace(link.index, hostPrefix(ipv6), { noDuplicateDetection: true });
    network.neighbours.replace({ device: link.index, address: gateway.ipv6, mac: gateway.mac, router: true });
    addRoute(network, { destination: '::/0', via: gateway.ipv6, device: link.index });
  }
}

/** Before the device is up: its link-local address is to be usable at once, and its routes are those that it is given. */
function prepareIpv6(device: string): void {
  const settings = { disable_ipv6: 0, accept_dad: 0, accept_ra: 0 };
  for (const [name, value] of Object.entries(settings)) writeSysctl(`net/ipv6/conf/${device}/${name}`, value);
}

/** Adds a route; one to the same destination has to be the same. */
function addRoute(network: Network, spec: RouteSpec & { readonly device: number }): void {
  try {
    network.routes.add(spec);
  } catch (error) {
    if (!(error instanceof WaggleError && error.code === 'EXISTS')) throw error;
    const there = network.routes.list({ device: spec.device });
    if (there.some(({ destination, via }) => destination === spec.destination && via === spec.via)) return;
    throw new WaggleError('EXISTS', `the endpoint's namespace has a route to ${spec.destination} already`, {
      hint: 'A container that is to be an endpoint is started without a network of its own (docker run --network none)',
      cause: error,
    });
  }
}
