/** The addresses that this host gives out, of both families: to endpoints, and to plugins that ask for them beforehand. */
import { WaggleError } from '@waggle/bpf';
import * as z from 'zod';
import { AddressPool, PoolSnapshot } from '../addresses/index.ts';
import type { AddressControl, AddressView } from '../control.ts';
import type { EndpointPools } from '../endpoints/endpoints.ts';
import type { DocumentKind } from '../state/index.ts';

/** Pools by family; a family without one has no addresses. */
export interface AddressesOptions {
  readonly ipv4?: string;
  readonly ipv6?: string;
  /** Told after every change. */
  readonly onChange: () => void;
}

const SavedAddresses = z.strictObject({ ipv4: PoolSnapshot.optional(), ipv6: PoolSnapshot.optional() });
export type SavedAddresses = z.infer<typeof SavedAddresses>;
export const addressesDocument: DocumentKind<SavedAddresses> = {
  name: 'addresses',
  version: 1,
  schema: SavedAddresses,
};

export class Addresses implements AddressControl, EndpointPools {
  readonly #pools: { readonly ipv4?: AddressPool; readonly ipv6?: AddressPool };
  readonly #onChange: () => void;

  constructor({ ipv4, ipv6, onChange }: AddressesOptions, saved: SavedAddresses = {}) {
    this.#pools = {
      ...(ipv4 !== undefined && { ipv4: new AddressPool({ cidr: ipv4 }) }),
      ...(ipv6 !== undefined && { ipv6: new AddressPool({ cidr: ipv6 }) }),
    };
    for (const family of ['ipv4', 'ipv6'] as const) {
      const snapshot = saved[family];
      if (snapshot) this.#pools[family]?.restore(snapshot);
    }
    this.#onChange = onChange;
  }

  get pools(): AddressControl['pools'] {
    const { ipv4, ipv6 } = this.#pools;
    return {
      ...(ipv4 && { ipv4: { cidr: ipv4.cidr, gateway: ipv4.gateway } }),
      ...(ipv6 && { ipv6: { cidr: ipv6.cidr, gateway: ipv6.gateway } }),
    };
  }

  /** How many addresses are given out, and how many there are, by family. */
  usage(): { readonly family: 'ipv4' | 'ipv6'; readonly used: number; readonly of: bigint }[] {
    return (['ipv4', 'ipv6'] as const).flatMap((family) => {
      const pool = this.#pools[family];
      return pool ? [{ family, used: pool.list().length, of: pool.capacity }] : [];
    });
  }

  allocate(
    owner: string,
    { family, expires }: { readonly family?: 'ipv4' | 'ipv6'; readonly expires?: number } = {},
  ): { readonly ipv4?: string; readonly ipv6?: string } {
    if (family !== undefined)
      return { [family]: this.#change(() => this.#pool(family).allocate(owner, expires)) };
    return this.#change(() => {
      const { ipv4, ipv6 } = this.#pools;
      const first = ipv4?.allocate(owner, expires);
      try {
        const second = ipv6?.allocate(owner, expires);
        return { ...(first !== undefined && { ipv4: first }), ...(second !== undefined && { ipv6: second }) };
      } catch (error) {
        if (first !== undefined) ipv4?.release(first);
        throw error;
      }
    });
  }

  /** An address of one's own choice. What a plugin has taken beforehand for this purpose may be taken now. */
  take(address: string, owner: string): void {
    const pool = this.#pool(familyOf(address));
    this.#change(() => {
      const unclaimed = pool.list().find((lease) => lease.address === address)?.expires !== undefined;
      if (unclaimed) pool.claim(address, owner);
      else pool.take(address, owner);
    });
  }

  release(address: string): void {
    this.#change(() => this.#pool(familyOf(address)).release(address));
  }

  /** Takes back what nobody claimed in time. */
  collect(): void {
    const { ipv4, ipv6 } = this.#pools;
    if ([...(ipv4?.collect() ?? []), ...(ipv6?.collect() ?? [])].length > 0) this.#onChange();
  }

  list(): AddressView[] {
    const { ipv4, ipv6 } = this.#pools;
    return [...(ipv4?.list() ?? []), ...(ipv6?.list() ?? [])].map(({ address, owner }) => ({
      address,
      owner,
    }));
  }

  save(): SavedAddresses {
    const { ipv4, ipv6 } = this.#pools;
    return { ...(ipv4 && { ipv4: ipv4.snapshot() }), ...(ipv6 && { ipv6: ipv6.snapshot() }) };
  }

  #pool(family: 'ipv4' | 'ipv6'): AddressPool {
    const pool = this.#pools[family];
    if (pool) return pool;
    throw new WaggleError('NOT_SUPPORTED', `This host gives out no addresses of ${family}.`, {
      hint: `Start the agent with --${family}-pool`,
    });
  }

  #change<T>(work: () => T): T {
    const result = work();
    this.#onChange();
    return result;
  }
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (address.includes(':') ? 'ipv6' : 'ipv4');
