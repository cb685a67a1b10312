/** The addresses of the host itself, followed as they come and go: who has one of them is the host, whatever rules say of its CIDR. */
import { type InterfaceAddress, Network, type NetworkNamespace } from '@waggle/kernel';

/** Several addresses of a device change at once. */
const QUIET = 20;

export class HostAddresses implements Disposable {
  readonly #network: Network;
  readonly #watch: { close(): void; unref(): void };
  #addresses: string[];
  #soon: NodeJS.Timeout | undefined;

  /** @param onChange - Told when they are others than before. */
  constructor(host: NetworkNamespace, onChange: () => void) {
    this.#network = Network.open(host);
    try {
      this.#watch = this.#network.watch(['addresses'], () => {
        clearTimeout(this.#soon);
        this.#soon = setTimeout(() => {
          const before = this.#addresses;
          this.#addresses = this.#read();
          if (before.join() !== this.#addresses.join()) onChange();
        }, QUIET);
        this.#soon.unref();
      });
    } catch (error) {
      this.#network.close();
      throw error;
    }
    this.#addresses = this.#read();
  }

  /** Without those of the loopback device and those that hold only on one link. */
  list(): readonly string[] {
    return this.#addresses;
  }

  close(): void {
    clearTimeout(this.#soon);
    this.#watch.close();
    this.#network.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #read(): string[] {
    const addresses = this.#network.addresses
      .list()
      .filter(holdsEverywhere)
      .map(({ address }) => address);
    return [...new Set(addresses)].sort();
  }
}

/** Not only on its own host or link. */
const holdsEverywhere = ({ scope }: InterfaceAddress): boolean => scope !== 'host' && scope !== 'link';

/** The first address of a device in each family, of those that hold everywhere. */
export function addressesOf(
  host: NetworkNamespace,
  device: number,
): { readonly ipv4?: string; readonly ipv6?: string } {
  using network = Network.open(host);
  const addresses = network.addresses.list({ device }).filter(holdsEverywhere);
  const first = (version: 4 | 6) => addresses.find(({ family }) => family === version)?.address;
  const [ipv4, ipv6] = [first(4), first(6)];
  return { ...(ipv4 !== undefined && { ipv4 }), ...(ipv6 !== undefined && { ipv6 }) };
}
