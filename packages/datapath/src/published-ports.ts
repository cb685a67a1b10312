/**
 * The ports that endpoints publish, as user space sees them: who wants which, and what of that is in the kernel, which has a row for
 * each address of a device that a port is published at.
 */
import { type Infer, IpProtocol, WaggleError } from '@waggle/bpf';
import { addressText, addressWords } from './address-words.ts';
import { type DatapathMaps, fullError } from './layout.ts';
import type { End } from './nat.bpf.ts';

/** The protocols whose ports can be published. */
export const PUBLISHED_PROTOCOLS = { TCP: IpProtocol.Tcp, UDP: IpProtocol.Udp } as const;

/** A port of the host's devices that leads to an endpoint. */
export interface PublishedPort {
  readonly protocol: keyof typeof PUBLISHED_PROTOCOLS;
  /** An address of a device; absent for all of them. */
  readonly address?: string;
  /** What others connect to. */
  readonly hostPort: number;
  /** The endpoint's own. */
  readonly port: number;
}

/** A published port at one address, as it is in force. */
export interface PublishedView {
  readonly protocol: keyof typeof PUBLISHED_PROTOCOLS;
  readonly address: string;
  readonly hostPort: number;
  /** Of the endpoint. */
  readonly target: string;
  readonly port: number;
}

/** The addresses of something, one of each family at most. */
export interface OwnAddresses {
  readonly ipv4?: string;
  readonly ipv6?: string;
}

interface Publisher {
  readonly addresses: OwnAddresses;
  readonly ports: readonly PublishedPort[];
}

/** Whether one and the same packet could be meant by both. */
export const isSamePort = (a: PublishedPort, b: PublishedPort): boolean =>
  a.protocol === b.protocol &&
  a.hostPort === b.hostPort &&
  (a.address === undefined || b.address === undefined || isSameAddress(a.address, b.address));

const isSameAddress = (a: string, b: string): boolean =>
  addressText(addressWords(a)) === addressText(addressWords(b));

/** `198.51.100.1:8080/tcp`, `8080/udp` where that is for all addresses. */
export function publishedPortText({ protocol, address, hostPort }: PublishedPort): string {
  const port = `${hostPort}/${protocol.toLowerCase()}`;
  if (address === undefined) return port;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

export class PublishedPorts {
  readonly #map: DatapathMaps['published'];
  /** By the device of the endpoint. */
  readonly #publishers = new Map<number, Publisher>();

  constructor({ published }: Pick<DatapathMaps, 'published'>) {
    this.#map = published;
  }

  /** Whether an endpoint has published a port. */
  has(device: number): boolean {
    return this.#publishers.has(device);
  }

  /** Whether somebody wants a port. */
  get any(): boolean {
    return this.#publishers.size > 0;
  }

  /**
   * Notes what an endpoint publishes; in force with the next {@link sync}.
   * @returns what undoes it.
   * @throws WaggleError OUT_OF_RANGE, MALFORMED; EXISTS when another endpoint has the port.
   */
  put(device: number, publisher: Publisher): () => void {
    for (const port of publisher.ports) this.#check(device, port);
    const before = this.#publishers.get(device);
    const undo = (): void => this.#set(device, before);
    this.#set(device, publisher);
    return undo;
  }

  /** What is in the kernel. */
  *list(): Generator<PublishedView> {
    for (const [{ end, protocol }, target] of this.#map) {
      yield {
        protocol: protocol === IpProtocol.Tcp ? 'TCP' : 'UDP',
        address: addressText(end.address),
        hostPort: end.port.number,
        target: addressText(target.address),
        port: target.port.number,
      };
    }
  }

  /**
   * Writes what is wanted at these addresses.
   * @param hosts - Those of each device.
   * @param isAll - Whether there is no other device: what is not wanted goes then.
   * @throws WaggleError FULL
   */
  sync(hosts: readonly OwnAddresses[], isAll: boolean): void {
    const rows = hosts.flatMap((host) =>
      [...this.#publishers.values()].flatMap((each) => rowsOf(host, each)),
    );
    try {
      this.#map.setAll(rows);
    } catch (error) {
      throw fullError(error, 'the map of published ports', this.#map.maxEntries, 'maxPublished');
    }
    if (!isAll) return;
    const wanted = new Set(rows.map(([key]) => keyText(key)));
    this.#map.deleteAll([...this.#map.keys()].filter((key) => !wanted.has(keyText(key))));
  }

  #set(device: number, publisher: Publisher | undefined): void {
    if (publisher && publisher.ports.length > 0) this.#publishers.set(device, publisher);
    else this.#publishers.delete(device);
  }

  #check(device: number, port: PublishedPort): void {
    for (const number of [port.hostPort, port.port]) {
      if (Number.isInteger(number) && number >= 1 && number <= 65_535) continue;
      throw new WaggleError('OUT_OF_RANGE', `${number} is no port`, {
        hint: 'Ports are numbers from 1 to 65535',
      });
    }
    if (port.address !== undefined) addressWords(port.address);
    for (const [other, { ports }] of this.#publishers) {
      if (other === device || !ports.some((each) => isSamePort(each, port))) continue;
      throw new WaggleError(
        'EXISTS',
        `${publishedPortText(port)} is published by the endpoint at device ${other}`,
      );
    }
  }
}

type Key = { readonly end: Infer<typeof End>; readonly protocol: number };

const keyText = ({ end, protocol }: Key): string => `${protocol} ${end.address.join('.')} ${end.port.number}`;

const endOf = (address: string, port: number): Infer<typeof End> => ({
  address: addressWords(address),
  port: { number: port, zero: 0 },
});

/** What is published at the addresses of a device: each family by itself. */
function rowsOf(host: OwnAddresses, { addresses, ports }: Publisher): [Key, Infer<typeof End>][] {
  return (['ipv4', 'ipv6'] as const).flatMap((family) => {
    const [own, target] = [host[family], addresses[family]];
    if (own === undefined || target === undefined) return [];
    return ports
      .filter(({ address }) => address === undefined || isSameAddress(address, own))
      .map(({ protocol, hostPort, port }): [Key, Infer<typeof End>] => [
        { end: endOf(own, hostPort), protocol: PUBLISHED_PROTOCOLS[protocol] },
        endOf(target, port),
      ]);
  });
}
