/**
 * The policy of one subject in one direction: the sections of the rules that select it, and the chain of each peer that comes
 * of them. A change of rules or identities makes anew the chains that it can concern, and reports those that are other than
 * before.
 */
import type { Direction } from '../rules/rule.ts';
import { auditedPeer, auditedWildcard } from './audit-chain.ts';
import { Bits } from './bits.ts';
import { type Chain, EMPTY_CHAIN, sameChain } from './chain.ts';
import { peerChain, wildcardChain } from './compile-chain.ts';
import { type CompiledSection, releaseSelections, type Selection, selectPeers } from './compiled-rule.ts';
import { PRECEDENCE } from './entry.ts';
import { type Filter, IMPLICIT, withNamedPorts } from './filter.ts';
import type { KnownIdentity } from './known-identity.ts';
import { ANY_L4 } from './l4-key.ts';
import { PeerGroups, type SelectorSet } from './peer-groups.ts';
import type { PeerContext } from './peer-matcher.ts';
import type { CachedSelector, SelectorCache } from './selector-cache.ts';

/**
 * When endpoints are denied what no rule allows: when a rule says so (and while their labels are not known: `reserved:init`),
 * always, never. With `never` no rule counts, not even one that denies.
 */
export type EnforcementMode = 'default' | 'always' | 'never';

/** What a policy stands on. */
export interface PolicyEnvironment {
  readonly cache: SelectorCache;
  readonly context: PeerContext;
  readonly mode: EnforcementMode;
  /** This host, where it may reach its endpoints unless a rule denies it. */
  readonly localhost: CachedSelector | undefined;
}

/** Called for each chain that has become another; identity 0 is everybody. */
export type ChainListener = (identity: number, before: Chain, after: Chain) => void;

/** What waggle allows by itself. */
const ALLOW_ALL: Filter = {
  cookie: IMPLICIT,
  deny: false,
  audit: false,
  parts: [{ key: ANY_L4, precedence: PRECEDENCE.allow }],
  named: [],
  redirects: false,
};

const EVERYBODY = 0;

export class DirectionPolicy {
  readonly direction: Direction;
  /** By identity; those without entries are not in it. */
  readonly chains = new Map<number, Chain>();
  readonly #environment: PolicyEnvironment;
  readonly #subject: KnownIdentity;
  readonly #changed: ChainListener;
  readonly #sections = new Set<CompiledSection>();
  /**
   * Of the sections: whether one is in audit mode; whether some, without and with those, deny what is not allowed; whether one
   * has further requirements to peers.
   */
  #summary = { audit: false, enforced: false, reported: false, requires: false };
  readonly #groups = new PeerGroups();
  #everybody: Filter[] = [];
  /** Selections that are this subject's own, because of further requirements to peers. */
  #own: Selection[] | undefined;
  /** The chains of everybody by the rules that are enforced, by all rules, and what comes of both. */
  #wildcards = { enforced: EMPTY_CHAIN, all: EMPTY_CHAIN, laid: EMPTY_CHAIN };

  constructor(
    direction: Direction,
    subject: KnownIdentity,
    environment: PolicyEnvironment,
    changed: ChainListener,
  ) {
    this.direction = direction;
    this.#subject = subject;
    this.#environment = environment;
    this.#changed = changed;
    this.#addLocalhost();
    this.#refresh(undefined, true);
  }

  /** Whether what no rule allows is denied (or, in audit mode, reported). */
  get enforced(): boolean {
    return this.#isEnforced(true);
  }

  /** The filters for everybody. */
  get everybody(): readonly Filter[] {
    return this.#everybody;
  }

  /** The filters of each selector of peers. */
  groups(): IterableIterator<[CachedSelector, readonly Filter[]]> {
    return this.#groups.entries();
  }

  /** Takes sections of rules in and out. */
  update(added: readonly CompiledSection[], removed: readonly CompiledSection[]): void {
    for (const section of removed) this.#sections.delete(section);
    for (const section of added) this.#sections.add(section);
    this.#summarise();
    if (this.#own || this.#summary.requires) {
      this.#selectAnew();
      this.#refresh(undefined, true);
      return;
    }
    const lost = removed.flatMap((section) => section.selections);
    const gained = added.flatMap((section) => section.selections);
    for (const selection of lost) this.#remove(selection);
    for (const selection of gained) this.#add(selection);
    const changes = [...lost, ...gained];
    const forEverybody =
      changes.some(({ everybody }) => everybody) ||
      [...added, ...removed].some(({ defaultDeny }) => defaultDeny);
    this.#refresh(
      changes.flatMap(({ selectors }) => selectors),
      forEverybody,
    );
  }

  /** An identity has come or become another. @param matched - The selectors that it matches, in the order of their indices. */
  setIdentity(known: KnownIdentity, matched: readonly CachedSelector[]): void {
    if (this.#environment.mode === 'never') return;
    const set = this.#groups.setOf(matched);
    this.#set(known.identity.id, set.selector ? this.#chainOf(set, known) : EMPTY_CHAIN);
  }

  /** An identity has gone. */
  removeIdentity(id: number): void {
    this.#set(id, EMPTY_CHAIN);
  }

  /** Gives back what it holds in the cache. */
  close(): void {
    if (this.#own) releaseSelections(this.#own, this.#environment.cache);
    this.#own = undefined;
  }

  #add({ filter, everybody, selectors }: Selection): void {
    const resolved = this.#resolveNames(filter);
    if (everybody) this.#everybody.push(resolved);
    for (const selector of selectors) this.#groups.add(selector, resolved);
  }

  #remove({ filter, everybody, selectors }: Selection): void {
    if (everybody) this.#everybody = this.#everybody.filter(({ cookie }) => cookie !== filter.cookie);
    for (const selector of selectors) this.#groups.remove(selector, filter.cookie);
  }

  /** On the way in it is the subject that gives its ports their names. */
  #resolveNames(filter: Filter): Filter {
    return this.direction === 'ingress'
      ? withNamedPorts(filter, this.#subject.identity.namedPorts ?? [])
      : filter;
  }

  #selectAnew(): void {
    const { cache, context } = this.#environment;
    const before = this.#own;
    const sections = [...this.#sections];
    const requires = sections.flatMap((section) => section.requires);
    this.#groups.clear();
    this.#everybody = [];
    this.#addLocalhost();
    const selections =
      requires.length > 0
        ? sections.flatMap(({ elements }) => selectPeers(elements, this.direction, requires, cache, context))
        : sections.flatMap((section) => section.selections);
    for (const selection of selections) this.#add(selection);
    this.#own = requires.length > 0 ? selections : undefined;
    if (before) releaseSelections(before, cache);
  }

  #addLocalhost(): void {
    const { localhost } = this.#environment;
    if (!localhost || this.direction === 'egress' || this.#subject.node) return;
    this.#groups.add(localhost, ALLOW_ALL);
  }

  #isEnforced(withAudit: boolean): boolean {
    const { mode } = this.#environment;
    if (mode !== 'default') return mode === 'always';
    // Its labels are not known yet, so nobody can say that no rule is meant for it.
    if (this.#subject.reserved.has('init')) return true;
    return withAudit ? this.#summary.reported : this.#summary.enforced;
  }

  #summarise(): void {
    const summary = { audit: false, enforced: false, reported: false, requires: false };
    for (const { audit, defaultDeny, requires } of this.#sections) {
      if (audit) summary.audit = true;
      if (requires.length > 0) summary.requires = true;
      if (defaultDeny) summary.reported = true;
      if (defaultDeny && !audit) summary.enforced = true;
    }
    this.#summary = summary;
  }

  /**
   * Makes chains anew.
   *
   * @param touched - The selectors of the identities that are concerned; undefined for all.
   * @param forEverybody - Whether the chain of everybody is.
   */
  #refresh(touched: readonly CachedSelector[] | undefined, forEverybody: boolean): void {
    const { cache, mode } = this.#environment;
    const others = forEverybody && this.#refreshWildcards();
    const wanted = others || !touched ? undefined : slotsOf(touched);
    const sets = mode === 'never' ? [] : this.#groups.setsBySlot(wanted);
    const gone = wanted ? this.#slotsWithout(wanted, sets) : this.#identitiesWithout(sets);
    for (const id of gone) this.#set(id, EMPTY_CHAIN);
    for (let slot = 0; slot < sets.length; slot++) {
      const set = sets[slot];
      if (!set) continue;
      const known = cache.at(slot);
      this.#set(known.identity.id, this.#chainOf(set, known));
    }
  }

  #identitiesWithout(sets: readonly (SelectorSet | undefined)[]): number[] {
    const { cache } = this.#environment;
    return [...this.chains.keys()].filter((id) => {
      const known = cache.identity(id);
      return id !== EVERYBODY && (!known || !sets[known.slot]);
    });
  }

  #slotsWithout(wanted: Bits, sets: readonly (SelectorSet | undefined)[]): number[] {
    const gone: number[] = [];
    wanted.forEach((slot) => {
      if (!sets[slot]) gone.push(this.#environment.cache.at(slot).identity.id);
    });
    return gone;
  }

  /** @returns whether they have become others. */
  #refreshWildcards(): boolean {
    const before = this.#wildcards;
    if (this.#environment.mode === 'never') {
      const open = wildcardChain([ALLOW_ALL]);
      this.#wildcards = { enforced: open, all: open, laid: open };
    } else {
      const all = wildcardChain(this.#everybodyIn(true));
      const enforced = this.#summary.audit ? wildcardChain(this.#everybodyIn(false)) : all;
      this.#wildcards = { enforced, all, laid: this.#summary.audit ? auditedWildcard(enforced, all) : all };
    }
    this.#set(EVERYBODY, this.#wildcards.laid);
    const { enforced, all, laid } = this.#wildcards;
    const same =
      sameChain(before.enforced, enforced) && sameChain(before.all, all) && sameChain(before.laid, laid);
    if (!same) this.#groups.forgetChains();
    return !same;
  }

  #everybodyIn(withAudit: boolean): Filter[] {
    const filters = this.#everybody.filter(({ audit }) => withAudit || !audit);
    return this.#isEnforced(withAudit) ? filters : [...filters, ALLOW_ALL];
  }

  #chainOf(set: SelectorSet, known: KnownIdentity): Chain {
    if (set.chain) return set.chain;
    const filters = this.#groups.filtersOf(set);
    if (!filters.some(({ named }) => named.length > 0)) {
      set.chain = this.#compile(filters);
      return set.chain;
    }
    const ports = known.identity.namedPorts ?? [];
    return this.#compile(filters.map((filter) => withNamedPorts(filter, ports)));
  }

  #compile(filters: readonly Filter[]): Chain {
    const { enforced, all, laid } = this.#wildcards;
    const ownAll = peerChain(filters, all);
    if (!this.#summary.audit) return ownAll;
    const ownEnforced = peerChain(
      filters.filter(({ audit }) => !audit),
      enforced,
    );
    return auditedPeer({ own: ownEnforced, wildcard: enforced }, { own: ownAll, wildcard: all }, laid);
  }

  #set(identity: number, chain: Chain): void {
    const before = this.chains.get(identity) ?? EMPTY_CHAIN;
    if (sameChain(before, chain)) return;
    if (chain.entries.length === 0) this.chains.delete(identity);
    else this.chains.set(identity, chain);
    this.#changed(identity, before, chain);
  }
}

function slotsOf(selectors: readonly CachedSelector[]): Bits {
  const all = new Bits();
  for (const { slots } of selectors) {
    slots.forEach((slot) => {
      all.add(slot);
    });
  }
  return all;
}
