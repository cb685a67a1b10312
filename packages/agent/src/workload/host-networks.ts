/**
 * The devices of the endpoints of one host: made for those who come with a namespace, taken from those who come with a device, and
 * watched, for an endpoint ends when its device does.
 */
import { WaggleError } from '@waggle/bpf';
import { Network, type NetworkLink, type NetworkNamespace } from '@waggle/kernel';
import type { EndpointAddresses } from '../addresses/index.ts';
import type { NamespacePlace } from '../control.ts';
import { connectEndpoint, routeToEndpoint, UNFINISHED } from './endpoint-network.ts';
import { GATEWAY } from './gateway.ts';
import { LinkWatch } from './link-watch.ts';
import { openPlace } from './open-place.ts';
import { PairRemoval } from './pair-removal.ts';

/** What every host's end is called, before the number of its endpoint. */
const NAME = /^lxc\d{1,5}$/;
export const hostNameOf = (endpoint: number): string => `lxc${endpoint}`;

/** The device of an endpoint on the host, and where its other end is. */
export interface EndpointDevice {
  readonly interfaceName: string;
  readonly interfaceIndex: number;
  readonly mac: string;
  readonly hostMac: string;
  /** The inode of the namespace of the other end; 0 where it is not known. */
  readonly namespace: number;
  /** Whether it was made here, and so is removed here. */
  readonly ownsDevice: boolean;
}

export interface HostNetworksOptions {
  readonly host: NetworkNamespace;
  /** Bytes, of the devices that are made. */
  readonly mtu: number;
  /** Gets the index of a device that is gone without having been disconnected. */
  readonly onVanished: (interfaceIndex: number) => void;
  /** Told when the kernel would not remove a pair; it goes with the next one. */
  readonly onProblem: (problem: Error) => void;
}

export class HostNetworks {
  readonly #host: NetworkNamespace;
  readonly #mtu: number;
  readonly #network: Network;
  readonly #watch: LinkWatch;
  readonly #removal: PairRemoval;

  constructor({ host, mtu, onVanished, onProblem }: HostNetworksOptions) {
    this.#host = host;
    this.#mtu = mtu;
    this.#network = Network.open(host);
    this.#watch = new LinkWatch(host, onVanished);
    this.#removal = new PairRemoval(host, onProblem);
  }

  /**
   * Makes a pair into the namespace at a place, through which nothing passes before {@link admit}. Nothing is left behind when it throws.
   * @throws WaggleError
   */
  connect(place: NamespacePlace, endpoint: number, addresses: EndpointAddresses): EndpointDevice {
    using namespace = openPlace(place, this.#host);
    const pair = connectEndpoint({
      host: this.#host,
      namespace,
      hostName: hostNameOf(endpoint),
      addresses,
      mtu: this.#mtu,
    });
    this.#watch.add(pair.hostIndex);
    return {
      interfaceName: pair.hostName,
      interfaceIndex: pair.hostIndex,
      mac: pair.mac,
      hostMac: pair.hostMac,
      namespace: pair.namespace,
      ownsDevice: true,
    };
  }

  /**
   * Takes the host's end of a pair that somebody else made and set up inside.
   * @throws WaggleError NOT_FOUND, WRONG_TYPE for a device that is not of a pair
   */
  take({ name, mac }: { readonly name: string; readonly mac: string }): EndpointDevice {
    const link = this.#network.links.get(name);
    if (link.kind !== 'veth') {
      throw new WaggleError(
        'WRONG_TYPE',
        `device "${name}" is of kind ${link.kind ?? 'none'}, not of a veth pair`,
      );
    }
    this.#watch.add(link.index);
    const { index: interfaceIndex, mac: hostMac = '' } = link;
    return { interfaceName: name, interfaceIndex, mac, hostMac, namespace: 0, ownsDevice: false };
  }

  /** Lets packets pass at a device, which should have its programs by then; it may be repeated. @throws KernelError */
  admit(
    { interfaceName: name, interfaceIndex: index, mac, ownsDevice }: EndpointDevice,
    addresses: EndpointAddresses,
  ): void {
    routeToEndpoint({ host: this.#host, network: this.#network, name, index, mac, addresses });
    if (ownsDevice) this.#network.links.set(index, { group: 0 });
  }

  /**
   * Whether a device is still the one that it was; then it is watched. It is `unfinished` while it may be that {@link admit} was not done
   * to its end.
   */
  find({
    interfaceName,
    interfaceIndex,
    hostMac,
    ownsDevice,
  }: EndpointDevice): 'gone' | 'unfinished' | 'there' {
    const link = findLink(this.#network, interfaceIndex);
    if (link?.name !== interfaceName || link.mac !== hostMac) return 'gone';
    this.#watch.add(interfaceIndex);
    return ownsDevice && link.group !== UNFINISHED ? 'there' : 'unfinished';
  }

  /** Removes what was made, and the way to what was taken; soon, and harmless when it is gone. */
  disconnect(device: EndpointDevice, addresses: EndpointAddresses): void {
    this.#watch.delete(device.interfaceIndex);
    const end = { name: device.interfaceName, index: device.interfaceIndex };
    if (device.ownsDevice) this.#removal.remove(end, addresses);
    else this.#removal.detach(end, addresses);
  }

  /**
   * Removes pairs that were made here, in whatever run, and that nobody has: of endpoints that were never finished, or not saved.
   * @returns their names.
   */
  removeStrays(known: readonly EndpointDevice[], { dryRun = false } = {}): string[] {
    const indexes = new Set(known.map(({ interfaceIndex }) => interfaceIndex));
    const strays = this.#network.links
      .list({ kind: 'veth' })
      .filter((link) => isOurs(link) && !indexes.has(link.index));
    for (const stray of dryRun ? [] : strays) this.#removal.remove(stray, {});
    return strays.map(({ name }) => name);
  }

  /** Answers when everything that was disconnected is gone. */
  settle(): Promise<void> {
    return this.#removal.settle();
  }

  /** Lets go of the host, when everything that was disconnected is gone. What is connected stays. */
  async close(): Promise<void> {
    this.#watch.close();
    this.#network.close();
    await this.#removal.close();
  }
}

function findLink(network: Network, index: number): NetworkLink | undefined {
  try {
    return network.links.get(index);
  } catch (error) {
    if (error instanceof WaggleError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

function isOurs({ name, mac }: NetworkLink): boolean {
  return NAME.test(name) && mac === GATEWAY.mac;
}
