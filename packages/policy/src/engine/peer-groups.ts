/**
 * Which filters apply to which identity: filters by selector, and identities by the set of selectors that they match. Those
 * that match the same have the same chain, so sets are kept as a tree in which each is one node, and the chain is made once
 * for a node.
 */
import type { Bits } from './bits.ts';
import type { Chain } from './chain.ts';
import type { Filter } from './filter.ts';
import type { CachedSelector } from './selector-cache.ts';

/** A set of selectors: that of its parent, and one more. */
export interface SelectorSet {
  readonly parent: SelectorSet | undefined;
  readonly selector: CachedSelector | undefined;
  /** Most sets are the last of their branch and have none. */
  children: Map<CachedSelector, SelectorSet> | undefined;
  /** What is made of it; undefined until then. */
  chain: Chain | undefined;
}

/** See the head of this file. */
export class PeerGroups {
  /** In the order of the selectors' indices, as far as {@link #sorted} says so. */
  readonly #filters = new Map<CachedSelector, Filter[]>();
  #sorted: readonly CachedSelector[] | undefined;
  #root: SelectorSet = emptySet();

  /** Adds a filter for those who match. */
  add(selector: CachedSelector, filter: Filter): void {
    const filters = this.#filters.get(selector);
    if (filters) filters.push(filter);
    else {
      this.#filters.set(selector, [filter]);
      this.#sorted = undefined;
    }
    this.forgetChains();
  }

  /** Removes the filters with this cookie. */
  remove(selector: CachedSelector, cookie: number): void {
    const filters = (this.#filters.get(selector) ?? []).filter((filter) => filter.cookie !== cookie);
    if (filters.length > 0) this.#filters.set(selector, filters);
    else {
      this.#filters.delete(selector);
      this.#sorted = undefined;
    }
    this.forgetChains();
  }

  clear(): void {
    this.#filters.clear();
    this.#sorted = undefined;
    this.forgetChains();
  }

  /** Forgets all chains: something that they were made of has changed. */
  forgetChains(): void {
    if (this.#root.children) this.#root = emptySet();
  }

  /** The filters of each selector. */
  entries(): IterableIterator<[CachedSelector, readonly Filter[]]> {
    return this.#filters.entries();
  }

  /** The filters of a set, each as often as selectors bring it. */
  filtersOf(set: SelectorSet): Filter[] {
    const found: Filter[] = [];
    for (let at: SelectorSet | undefined = set; at?.selector; at = at.parent) {
      found.push(...(this.#filters.get(at.selector) ?? []));
    }
    return found;
  }

  /** The set of those selectors among these that have filters. @param matched - In the order of their indices. */
  setOf(matched: readonly CachedSelector[]): SelectorSet {
    let set = this.#root;
    for (const selector of matched) if (this.#filters.has(selector)) set = child(set, selector);
    return set;
  }

  /** The sets of all identities that match something, at their slots. @param wanted - Only these slots. */
  setsBySlot(wanted: Bits | undefined): (SelectorSet | undefined)[] {
    this.#sorted ??= [...this.#filters.keys()].sort((a, b) => a.index - b.index);
    const sets: (SelectorSet | undefined)[] = [];
    for (const selector of this.#sorted) {
      selector.slots.forEach((slot) => {
        if (wanted && !wanted.has(slot)) return;
        while (sets.length <= slot) sets.push(undefined);
        sets[slot] = child(sets[slot] ?? this.#root, selector);
      });
    }
    return sets;
  }
}

const emptySet = (): SelectorSet => ({
  parent: undefined,
  selector: undefined,
  children: undefined,
  chain: undefined,
});

function child(parent: SelectorSet, selector: CachedSelector): SelectorSet {
  parent.children ??= new Map();
  let set = parent.children.get(selector);
  if (!set) {
    set = { parent, selector, children: undefined, chain: undefined };
    parent.children.set(selector, set);
  }
  return set;
}
