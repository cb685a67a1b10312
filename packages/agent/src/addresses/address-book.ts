/** The addresses of a host's endpoints: a pool for each family that the host has, saved after each change. */
import { WaggleError } from '@waggle/bpf';
import * as z from 'zod';
import type { AddressControl, AddressView } from '../control.ts';
import type { DocumentKind, StateDocument } from '../state/index.ts';
import { AddressPool, type AddressPoolOptions } from './address-pool.ts';
import type { EndpointAddresses } from './endpoint-addresses.ts';
import { PoolSnapshot } from './pool-snapshot.ts';

const families = ['ipv4', 'ipv6'] as const;

const AddressState = z.strictObject({ ipv4: PoolSnapshot.optional(), ipv6: PoolSnapshot.optional() });
type AddressState = z.infer<typeof AddressState>;

/** The addresses as they are saved. */
export const addressState: DocumentKind<AddressState> = {
  name: 'addresses',
  version: 1,
  schema: AddressState,
};

export interface AddressBookOptions {
  readonly ipv4?: AddressPoolOptions;
  readonly ipv6?: AddressPoolOptions;
  /** Where the addresses are remembered; what it found is taken up. */
  readonly document?: StateDocument<AddressState>;
}

export class AddressBook implements AddressControl {
  readonly #pools: { readonly ipv4?: AddressPool; readonly ipv6?: AddressPool };
  readonly #document: StateDocument<AddressState> | undefined;

  /** @throws WaggleError MALFORMED, OUT_OF_RANGE for pools that cannot be */
  constructor({ ipv4, ipv6, document }: AddressBookOptions) {
    this.#pools = {
      ...(ipv4 && { ipv4: new AddressPool(ipv4) }),
      ...(ipv6 && { ipv6: new AddressPool(ipv6) }),
    };
    this.#document = document;
    for (const family of families) {
      const saved = document?.found?.[family];
      if (saved !== undefined) this.#pools[family]?.restore(saved);
    }
  }

  get pools(): AddressControl['pools'] {
    const { ipv4, ipv6 } = this.#pools;
    const view = ({ cidr, gateway }: AddressPool) => ({ cidr, gateway });
    return { ...(ipv4 && { ipv4: view(ipv4) }), ...(ipv6 && { ipv6: view(ipv6) }) };
  }

  allocate(
    owner: string,
    options: { readonly family?: 'ipv4' | 'ipv6'; readonly expires?: number } = {},
  ): EndpointAddresses {
    const wanted = options.family === undefined ? families : [options.family];
    const pools = wanted.flatMap((family) => {
      const pool = this.#pools[family];
      return pool === undefined ? [] : { family, pool };
    });
    if (pools.length === 0) {
      throw new WaggleError('NOT_FOUND', `this host has no pool of ${options.family ?? 'any'} addresses`);
    }
    const allocated: { ipv4?: string; ipv6?: string } = {};
    try {
      for (const { family, pool } of pools) allocated[family] = pool.allocate(owner, options.expires);
    } catch (error) {
      for (const { family, pool } of pools) {
        const address = allocated[family];
        if (address !== undefined) pool.withdraw(address);
      }
      throw error;
    }
    this.#save();
    return allocated;
  }

  take(address: string, owner: string): void {
    this.#poolOf(address).take(address, owner);
    this.#save();
  }

  release(address: string): void {
    this.#poolOf(address).release(address);
    this.#save();
  }

  /** Takes back what nobody took in time. */
  collect(): void {
    const pools = families.flatMap((family) => this.#pools[family] ?? []);
    if (pools.flatMap((pool) => pool.collect()).length > 0) this.#save();
  }

  /** How many addresses are given out, and how many there are. */
  usage(): { readonly family: 'ipv4' | 'ipv6'; readonly used: number; readonly of: bigint }[] {
    return families.flatMap((family) => {
      const pool = this.#pools[family];
      return pool ? [{ family, used: pool.list().length, of: pool.capacity }] : [];
    });
  }

  list(): AddressView[] {
    this.collect();
    const pools = families.flatMap((family) => this.#pools[family] ?? []);
    return pools.flatMap((pool) => pool.list().map(({ address, owner }) => ({ address, owner })));
  }

  /** The pool of an address's family. */
  #poolOf(address: string): AddressPool {
    const family = address.includes(':') ? 'ipv6' : 'ipv4';
    const pool = this.#pools[family];
    if (pool !== undefined) return pool;
    const name = family === 'ipv6' ? 'IPv6' : 'IPv4';
    throw new WaggleError('NOT_SUPPORTED', `address ${address}: this host has no ${name}`, {
      hint: `Start the agent with --${family}-pool`,
    });
  }

  #save(): void {
    this.#document?.save(() => {
      const { ipv4, ipv6 } = this.#pools;
      return { ...(ipv4 && { ipv4: ipv4.snapshot() }), ...(ipv6 && { ipv6: ipv6.snapshot() }) };
    });
  }
}
