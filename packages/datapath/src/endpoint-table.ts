/** The endpoints of this host by their addresses, as programs ask for them, and by their devices, as user space does. */

import type { Infer } from '@waggle/bpf';
import { formatMac, parseMac } from '@waggle/kernel';
import { addressText, addressWords } from './address-words.ts';
import type { Endpoint } from './addresses.bpf.ts';
import type { GATEWAY_MAC } from './gateway.ts';
import { type DatapathMaps, fullError } from './layout.ts';

/** An endpoint, as the datapath needs to know it. The host's end of its pair has the MAC address {@link GATEWAY_MAC}. */
export interface EndpointSpec {
  /** The host's end of its veth pair: the device's index. */
  readonly interface: number;
  readonly identity: number;
  /** It has an address of one family at least. */
  readonly ipv4?: string;
  readonly ipv6?: string;
  /** The MAC address of its own end. */
  readonly mac: string;
}

type Value = Infer<typeof Endpoint>;
type Rows = ReadonlyMap<string, Value>;

const NOTHING: Rows = new Map();

export class EndpointTable {
  readonly #map: DatapathMaps['endpoints'];
  /** By device, then by address. */
  readonly #rows = new Map<number, Rows>();

  constructor({ endpoints }: Pick<DatapathMaps, 'endpoints'>) {
    this.#map = endpoints;
    for (const [{ words }, value] of endpoints) {
      const rows = this.#rows.get(value.interface) ?? NOTHING;
      this.#rows.set(value.interface, new Map([...rows, [addressText(words), value]]));
    }
  }

  devices(): number[] {
    return [...this.#rows.keys()];
  }

  /** What is known of a device; undefined where that is nothing, or more than one address of a family. */
  get(device: number): EndpointSpec | undefined {
    const rows = [...(this.#rows.get(device) ?? NOTHING)];
    const [first] = rows;
    const [ipv4, more4] = rows.filter(([address]) => !address.includes(':'));
    const [ipv6, more6] = rows.filter(([address]) => address.includes(':'));
    if (!first || more4 || more6) return undefined;
    const { identity, mac } = first[1];
    return {
      interface: device,
      identity,
      ...(ipv4 && { ipv4: ipv4[0] }),
      ...(ipv6 && { ipv6: ipv6[0] }),
      mac: formatMac(mac),
    };
  }

  /**
   * Writes an endpoint; addresses that it had before and has no more stay until they are trimmed.
   * @returns what undoes it, and what trims it.
   * @throws WaggleError FULL; nothing has changed then.
   */
  put(spec: EndpointSpec): { readonly undo: () => void; readonly trim: () => void } {
    const device = spec.interface;
    const before = this.#rows.get(device) ?? NOTHING;
    const after = rowsOf(spec);
    const undo = (): void => {
      this.#delete([...after.keys()].filter((address) => !before.has(address)));
      this.#set(before);
      this.#remember(device, before);
    };
    try {
      this.#set(after);
    } catch (error) {
      undo();
      throw fullError(error, 'the map of endpoints', this.#map.maxEntries, 'maxEndpoints');
    }
    this.#remember(device, new Map([...before, ...after]));
    const trim = (): void => {
      this.#delete([...before.keys()].filter((address) => !after.has(address)));
      this.#remember(device, after);
    };
    return { undo, trim };
  }

  /** Removes all addresses of a device. */
  remove(device: number): void {
    this.#delete([...(this.#rows.get(device) ?? NOTHING).keys()]);
    this.#rows.delete(device);
  }

  #set(rows: Rows): void {
    for (const [address, value] of rows) this.#map.set({ words: addressWords(address) }, value);
  }

  #delete(addresses: readonly string[]): void {
    this.#map.deleteAll(addresses.map((address) => ({ words: addressWords(address) })));
  }

  #remember(device: number, rows: Rows): void {
    if (rows.size === 0) this.#rows.delete(device);
    else this.#rows.set(device, rows);
  }
}

function rowsOf(spec: EndpointSpec): Rows {
  const value: Value = {
    interface: spec.interface,
    identity: spec.identity,
    mac: parseMac(spec.mac),
  };
  const addresses = [spec.ipv4, spec.ipv6].filter((address) => address !== undefined);
  // In the form in which they are read back.
  return new Map(addresses.map((address) => [addressText(addressWords(address)), value]));
}
