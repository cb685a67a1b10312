/**
 * The selector cache: each question that rules ask of identities, once, with the identities that answer yes. It is kept up to
 * date in both directions: a new selector asks all identities, a new identity is asked by all selectors. So that neither asks
 * where the answer is plainly no, identities are found by their labels and selectors by what they demand: a label, or a CIDR.
 */
import { WaggleError } from '@waggle/bpf';
import { type Cidr, enclosing } from '../identity/cidr.ts';
import type { Identity } from '../identity/identity.ts';
import { Bits } from './bits.ts';
import { type KnownIdentity, knownIdentity } from './known-identity.ts';
import type { PeerMatcher } from './peer-matcher.ts';

/** A question, and who answers yes. */
export interface CachedSelector {
  readonly matcher: PeerMatcher;
  /** Ascending in the order in which selectors came; never used again. */
  readonly index: number;
  /** The slots of the identities that match. */
  readonly slots: Bits;
  /** How many have acquired it. */
  users: number;
}

export class SelectorCache {
  readonly #byKey = new Map<string, CachedSelector>();
  /** Selectors by the label or CIDR that they demand; those that demand none are under ''. */
  readonly #byDemand = new Map<string, Set<CachedSelector>>();
  readonly #byId = new Map<number, KnownIdentity>();
  readonly #bySlot: (KnownIdentity | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  readonly #byLabel = new Map<string, Set<KnownIdentity>>();
  #nextIndex = 0;

  identities(): IterableIterator<KnownIdentity> {
    return this.#byId.values();
  }

  identity(id: number): KnownIdentity | undefined {
    return this.#byId.get(id);
  }

  /** The identity in a slot of a selector's bits. */
  at(slot: number): KnownIdentity {
    const known = this.#bySlot[slot];
    if (!known) throw new WaggleError('NOT_FOUND', `There is no identity in slot ${slot}.`);
    return known;
  }

  /** The selector that asks this, made if there is none yet; to be released as often as it was acquired. */
  acquire(matcher: PeerMatcher): CachedSelector {
    let selector = this.#byKey.get(matcher.key);
    if (!selector) {
      selector = { matcher, index: this.#nextIndex++, slots: new Bits(), users: 0 };
      this.#byKey.set(matcher.key, selector);
      addTo(this.#byDemand, demandOf(matcher), selector);
      const candidates = matcher.label === undefined ? this.#byId.values() : this.#byLabel.get(matcher.label);
      for (const known of candidates ?? []) if (matcher.matches(known)) selector.slots.add(known.slot);
    }
    selector.users += 1;
    return selector;
  }

  /** Gives a selector back. */
  release(selector: CachedSelector): void {
    selector.users -= 1;
    if (selector.users > 0) return;
    this.#byKey.delete(selector.matcher.key);
    removeFrom(this.#byDemand, demandOf(selector.matcher), selector);
  }

  /**
   * Adds an identity.
   *
   * @returns it, and the selectors that it matches, in the order of their indices.
   * @throws {@link WaggleError} EXISTS when the number is taken, MALFORMED for labels that cannot be.
   */
  addIdentity(identity: Identity): { known: KnownIdentity; matched: CachedSelector[] } {
    if (this.#byId.has(identity.id))
      throw new WaggleError('EXISTS', `There is already an identity ${identity.id}.`);
    const known = knownIdentity(identity, this.#freeSlots.at(-1) ?? this.#bySlot.length);
    this.#freeSlots.pop();
    this.#bySlot[known.slot] = known;
    this.#byId.set(identity.id, known);
    const matched: CachedSelector[] = [];
    for (const label of labelsOf(known)) addTo(this.#byLabel, label, known);
    for (const demand of demandsMetBy(known)) {
      for (const selector of this.#byDemand.get(demand) ?? []) {
        if (!selector.matcher.matches(known)) continue;
        selector.slots.add(known.slot);
        matched.push(selector);
      }
    }
    return { known, matched: matched.sort((a, b) => a.index - b.index) };
  }

  /**
   * Puts an identity in the place of another with the same number.
   *
   * @returns as {@link addIdentity}; nothing has changed when it throws.
   */
  replaceIdentity(
    before: KnownIdentity,
    identity: Identity,
  ): { known: KnownIdentity; matched: CachedSelector[] } {
    knownIdentity(identity, before.slot);
    this.removeIdentity(before);
    return this.addIdentity(identity);
  }

  /** Removes an identity. */
  removeIdentity({ identity, slot }: KnownIdentity): void {
    const known = this.at(slot);
    for (const label of labelsOf(known)) removeFrom(this.#byLabel, label, known);
    for (const demand of demandsMetBy(known)) {
      for (const selector of this.#byDemand.get(demand) ?? []) selector.slots.delete(slot);
    }
    this.#bySlot[slot] = undefined;
    this.#freeSlots.push(slot);
    this.#byId.delete(identity.id);
  }
}

/** The demand under which a selector is kept. No label begins with a blank. */
const demandOf = ({ label, cidr }: PeerMatcher): string => label ?? (cidr ? cidrDemand(cidr) : '');

const cidrDemand = ({ family, address, prefix }: Cidr): string => ` ${family} ${address}/${prefix}`;

/** The demands under which selectors for an identity are kept, each once. */
const demandsMetBy = (known: KnownIdentity): Set<string> =>
  new Set(['', ...labelsOf(known), ...[...widerCidrs(known)].map(cidrDemand)]);

const labelsOf = ({ labels }: KnownIdentity): Set<string> =>
  new Set(labels.map(({ key, value }) => `${key}=${value}`));

/** The CIDRs in which an identity lies. */
function* widerCidrs({ cidr, reserved }: KnownIdentity): Generator<Cidr> {
  if (cidr) {
    yield* enclosing(cidr);
    return;
  }
  for (const family of [4, 6] as const) {
    if (reserved.has('world') || reserved.has(`world-ipv${family}`)) yield { family, address: 0n, prefix: 0 };
  }
}

function addTo<T>(index: Map<string, Set<T>>, key: string, value: T): void {
  const values = index.get(key);
  if (values) values.add(value);
  else index.set(key, new Set([value]));
}

function removeFrom<T>(index: Map<string, Set<T>>, key: string, value: T): void {
  const values = index.get(key);
  values?.delete(value);
  if (values?.size === 0) index.delete(key);
}
