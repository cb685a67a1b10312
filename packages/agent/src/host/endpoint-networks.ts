/** The devices of endpoints on a host, each a veth pair whose other end is in the endpoint's namespace. */
import { WaggleError } from '@waggle/bpf';
import { Network, type NetworkNamespace } from '@waggle/kernel';
import type { NamespacePlace } from '../control.ts';
import type { EndpointAddresses, EndpointDevice } from '../endpoints/endpoint.ts';
import type { EndpointNetworks } from '../endpoints/endpoints.ts';
import { connectEndpoint, disconnectEndpoint, LinkWatch, openPlace } from '../workload/index.ts';

export interface HostEndpointNetworksOptions {
  readonly host: NetworkNamespace;
  readonly mtu: number;
  /** Told when a device has vanished. */
  readonly onVanished: (interfaceIndex: number) => void;
}

export class HostEndpointNetworks implements EndpointNetworks, Disposable {
  readonly #host: NetworkNamespace;
  readonly #mtu: number;
  readonly #watch: LinkWatch;

  constructor({ host, mtu, onVanished }: HostEndpointNetworksOptions) {
    this.#host = host;
    this.#mtu = mtu;
    this.#watch = new LinkWatch(host, onVanished);
  }

  connect(place: NamespacePlace, id: number, addresses: EndpointAddresses): EndpointDevice {
    using namespace = openPlace(place, this.#host);
    const { hostName, hostIndex, hostMac, mac } = connectEndpoint({
      host: this.#host,
      namespace,
      hostName: `lxc${id}`,
      addresses,
      mtu: this.#mtu,
    });
    this.#watch.add(hostIndex);
    return {
      interfaceName: hostName,
      interfaceIndex: hostIndex,
      mac,
      hostMac,
      namespace: namespace.inode,
      ownsDevice: true,
    };
  }

  take({ name, mac }: { name: string; mac: string }, addresses: EndpointAddresses): EndpointDevice {
    using network = Network.open(this.#host);
    const link = network.links.get(name);
    if (link.kind !== 'veth') {
      throw new WaggleError('WRONG_TYPE', `The device ${name} is no end of a veth pair.`);
    }
    network.links.set(link.index, { up: true });
    for (const prefix of prefixesOf(addresses))
      network.routes.replace({ destination: prefix, device: link.index });
    this.#watch.add(link.index);
    return {
      interfaceName: name,
      interfaceIndex: link.index,
      mac,
      hostMac: link.mac ?? '',
      namespace: 0,
      ownsDevice: false,
    };
  }

  isThere({ interfaceName, interfaceIndex }: EndpointDevice): boolean {
    using network = Network.open(this.#host);
    const [link] = network.links.list().filter(({ index }) => index === interfaceIndex);
    return link?.name === interfaceName;
  }

  disconnect(
    { interfaceName, interfaceIndex, ownsDevice }: EndpointDevice,
    addresses: EndpointAddresses,
  ): void {
    this.#watch.delete(interfaceIndex);
    if (ownsDevice) {
      disconnectEndpoint(this.#host, interfaceName);
      return;
    }
    using network = Network.open(this.#host);
    for (const destination of prefixesOf(addresses)) {
      const known = network.routes
        .list({ device: interfaceIndex })
        .some((route) => route.destination === destination);
      if (known) network.routes.delete({ destination, device: interfaceIndex });
    }
  }

  /** Watches the device of an endpoint that was there before. */
  watch(interfaceIndex: number): void {
    this.#watch.add(interfaceIndex);
  }

  close(): void {
    this.#watch.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

const prefixesOf = ({ ipv4, ipv6 }: EndpointAddresses): string[] => [
  ...(ipv4 === undefined ? [] : [`${ipv4}/32`]),
  ...(ipv6 === undefined ? [] : [`${ipv6}/128`]),
];
