/**
 * The addresses of one family that this host gives to endpoints.
 *
 * They are given out in turn, and one that comes back rests for a while: somebody out there may still talk to its last owner. What
 * is kept are the addresses in use and at rest, so a pool of 2^64 costs no more than one of 2.
 */
import { WaggleError } from '@waggle/bpf';
import { formatPrefix, type IpFamily, parseNetwork } from '@waggle/kernel';
import { bitsOf, formatAddressNumber, numberOfBytes, parseAddressNumber } from './address-number.ts';
import type { PoolSnapshot } from './pool-snapshot.ts';

export interface AddressPoolOptions {
  /** `10.0.0.0/16`; of at least four addresses. */
  readonly cidr: string;
  /** Of the pool or not; the first usable address by default. Never given out. */
  readonly gateway?: string;
  /** Further addresses that are never given out. */
  readonly reserved?: readonly string[];
  /** Milliseconds for which an address that was given back rests; 30 seconds by default. */
  readonly rest?: number;
  /** The wall clock, in milliseconds. */
  readonly now?: () => number;
}

/** An address that somebody has. */
export interface Lease {
  readonly address: string;
  readonly owner: string;
  /** When it is given back unless it was taken; milliseconds of the wall clock. */
  readonly expires?: number;
}

interface Holding {
  readonly owner: string;
  readonly expires: number | undefined;
}

const DEFAULT_REST = 30_000;

export class AddressPool {
  readonly family: IpFamily;
  readonly cidr: string;
  readonly gateway: string;
  /** How many addresses can be given out. */
  readonly capacity: bigint;
  readonly #first: bigint;
  readonly #last: bigint;
  readonly #reserved: ReadonlySet<bigint>;
  readonly #rest: number;
  readonly #now: () => number;
  readonly #held = new Map<bigint, Holding>();
  /** Until when each rests, in the order in which they came back. */
  readonly #resting = new Map<bigint, number>();
  #next: bigint;
  /** Of those held, how many lie in the pool: others may be taken, too. */
  #heldInside = 0;

  /** @throws WaggleError MALFORMED, OUT_OF_RANGE */
  constructor(options: AddressPoolOptions) {
    const { family, bytes, length } = parseNetwork(options.cidr);
    this.family = family;
    this.cidr = formatPrefix({ bytes, length });
    const hostBits = bitsOf(family) - length;
    if (hostBits < 2) {
      throw new WaggleError('OUT_OF_RANGE', `an address pool of ${this.cidr} has no room for endpoints`, {
        hint: `Its first and last address and the gateway are never given out: take /${bitsOf(family) - 2} or more`,
      });
    }
    const network = numberOfBytes(bytes);
    // The first names the network (in IPv6: any of its routers), the last one all of its hosts.
    this.#first = network + 1n;
    this.#last = network + (1n << BigInt(hostBits)) - 2n;
    this.#next = this.#first;
    const gateway = options.gateway === undefined ? this.#first : this.#number(options.gateway);
    this.gateway = formatAddressNumber(family, gateway);
    const reserved = [gateway, ...(options.reserved ?? []).map((address) => this.#number(address))];
    this.#reserved = new Set(reserved.filter((number) => this.#inside(number)));
    this.capacity = this.#last - this.#first + 1n - BigInt(this.#reserved.size);
    this.#rest = options.rest ?? DEFAULT_REST;
    this.#now = options.now ?? Date.now;
  }

  /**
   * Gives out the next free address.
   * @param expires - Seconds after which it is given back unless it was taken by then.
   * @throws WaggleError FULL
   */
  allocate(owner: string, expires?: number): string {
    this.collect();
    if (BigInt(this.#heldInside + this.#resting.size) >= this.capacity) throw this.#full();
    let number = this.#next;
    while (!this.#isFree(number)) number = this.#after(number);
    this.#next = this.#after(number);
    this.#hold(number, { owner, expires: this.#deadline(expires) });
    return formatAddressNumber(this.family, number);
  }

  /**
   * Gives out this very address, of the pool or not: also one at rest, or one that was allocated for a time only, so that whoever
   * allocated it can hand it on.
   * @throws WaggleError EXISTS when somebody has it for good, DENIED when it is never given out; MALFORMED.
   */
  take(address: string, owner: string): void {
    this.collect();
    const number = this.#number(address);
    const holding = this.#held.get(number);
    if (holding !== undefined && holding.expires === undefined) {
      throw new WaggleError('EXISTS', `address ${address} belongs to ${holding.owner}`);
    }
    const edge = number === this.#first - 1n || number === this.#last + 1n;
    if (edge || this.#reserved.has(number) || address === this.gateway) {
      throw new WaggleError('DENIED', `address ${address} of ${this.cidr} is never given to an endpoint`, {
        hint: 'The first and the last address of a pool are none of a host, and its gateway is this host',
      });
    }
    this.#resting.delete(number);
    this.#hold(number, { owner, expires: undefined });
  }

  /**
   * Takes an address back.
   * @throws WaggleError NOT_FOUND when nobody has it.
   */
  release(address: string): void {
    const number = this.#number(address);
    if (!this.#giveBack(number)) throw new WaggleError('NOT_FOUND', `nobody has address ${address}`);
  }

  /** Takes an address back that has never been used, and so need not rest. */
  withdraw(address: string): void {
    const number = this.#number(address);
    if (this.#giveBack(number)) this.#resting.delete(number);
  }

  ownerOf(address: string): string | undefined {
    return this.#held.get(this.#number(address))?.owner;
  }

  /** Whether an address is of this pool's network. */
  contains(address: string): boolean {
    const { family, number } = parseAddressNumber(address);
    return family === this.family && number >= this.#first - 1n && number <= this.#last + 1n;
  }

  /** Takes back what nobody took in time, and ends the rest of what has rested enough. @returns what was taken back. */
  collect(): string[] {
    const now = this.#now();
    for (const [number, until] of this.#resting) {
      if (until > now) break;
      this.#resting.delete(number);
    }
    const expired = [...this.#held].filter(([, { expires }]) => expires !== undefined && expires <= now);
    for (const [number] of expired) this.#giveBack(number);
    return expired.map(([number]) => formatAddressNumber(this.family, number));
  }

  /** What is given out, by address. */
  list(): Lease[] {
    const numbers = [...this.#held].sort(([left], [right]) => (left < right ? -1 : 1));
    return numbers.map(([number, { owner, expires }]) => ({
      address: formatAddressNumber(this.family, number),
      owner,
      ...(expires === undefined ? {} : { expires }),
    }));
  }

  snapshot(): PoolSnapshot {
    return {
      cidr: this.cidr,
      next: formatAddressNumber(this.family, this.#next),
      leases: this.list(),
      resting: [...this.#resting].map(([number, until]) => ({
        address: formatAddressNumber(this.family, number),
        until,
      })),
    };
  }

  /**
   * Takes up what was saved, into a pool that is new. What was given out stays given out, although the pool may be another now.
   * @throws WaggleError MALFORMED
   */
  restore(snapshot: PoolSnapshot): void {
    const now = this.#now();
    for (const { address, owner, expires } of snapshot.leases) {
      this.#hold(this.#number(address), { owner, expires });
    }
    for (const { address, until } of snapshot.resting) {
      const number = this.#number(address);
      const rests = this.#inside(number) && !this.#reserved.has(number) && !this.#held.has(number);
      // A clock that was set back does not make it longer.
      if (rests && until > now) this.#resting.set(number, Math.min(until, now + this.#rest));
    }
    const next = this.#number(snapshot.next);
    if (this.#inside(next)) this.#next = next;
  }

  #number(address: string): bigint {
    const { family, number } = parseAddressNumber(address);
    if (family === this.family) return number;
    throw new WaggleError('MALFORMED', `${address} is no IPv${this.family} address`);
  }

  #inside(number: bigint): boolean {
    return number >= this.#first && number <= this.#last;
  }

  #isFree(number: bigint): boolean {
    return !this.#held.has(number) && !this.#resting.has(number) && !this.#reserved.has(number);
  }

  #after(number: bigint): bigint {
    return number === this.#last ? this.#first : number + 1n;
  }

  /** Whether it counts against the capacity. */
  #counts(number: bigint): boolean {
    return this.#inside(number) && !this.#reserved.has(number);
  }

  #hold(number: bigint, holding: Holding): void {
    if (!this.#held.has(number) && this.#counts(number)) this.#heldInside += 1;
    this.#held.set(number, holding);
  }

  #giveBack(number: bigint): boolean {
    if (!this.#held.delete(number)) return false;
    if (!this.#counts(number)) return true;
    this.#heldInside -= 1;
    if (this.#rest > 0) this.#resting.set(number, this.#now() + this.#rest);
    return true;
  }

  #deadline(seconds: number | undefined): number | undefined {
    return seconds === undefined ? undefined : this.#now() + seconds * 1000;
  }

  #full(): WaggleError {
    const used = `all ${this.capacity} addresses of ${this.cidr} are given out`;
    const [until] = this.#resting.values();
    if (until === undefined) {
      return new WaggleError('FULL', used, { hint: 'Remove endpoints, or give the agent a larger pool' });
    }
    const seconds = Math.max(1, Math.ceil((until - this.#now()) / 1000));
    return new WaggleError('FULL', `${used}, or were until a moment ago (${this.#resting.size} of them)`, {
      hint: `The next can be given out in ${seconds} s; a larger pool has more`,
    });
  }
}
