/**
 * Chains: the entries of one identity in one direction, and how the kernel goes through them. A chain belongs to a peer, or
 * (identity 0) to everybody; see entry.ts for the order of the probes.
 */
import type { EntryKey, PolicyEntry } from './entry.ts';
import type { L4Key } from './l4-key.ts';
import { L4Map } from './l4-map.ts';

/** An entry without its identity and direction. */
export interface ChainEntry extends Omit<PolicyEntry, keyof EntryKey> {
  readonly key: L4Key;
}

/** Entries in the order of their keys, each key once. Built once, then only read. */
export class Chain {
  readonly entries: readonly ChainEntry[];
  /** Made when it is first asked for: most chains are only listed. */
  #index: L4Map<ChainEntry> | undefined;

  constructor(entries: readonly ChainEntry[]) {
    this.entries = entries;
  }

  /** The entries by their keys. */
  get index(): L4Map<ChainEntry> {
    if (!this.#index) {
      this.#index = new L4Map();
      for (const entry of this.entries) this.#index.set(entry.key, entry);
    }
    return this.#index;
  }
}

export const EMPTY_CHAIN: Chain = new Chain([]);

/** What the kernel finds for a peer with this chain, in its order of probes. */
export const firstHit = (own: Chain, wildcard: Chain, key: L4Key): ChainEntry | undefined =>
  own.index.narrowest(key) ?? wildcard.index.narrowest(key) ?? own.index.any ?? wildcard.index.any;

/** Whether two chains have the same entries. */
export const sameChain = (a: Chain, b: Chain): boolean =>
  a === b ||
  (a.entries.length === b.entries.length && a.entries.every((entry, i) => sameEntry(entry, b.entries[i])));

/** Whether two entries are the same. */
export const sameEntry = (a: ChainEntry, b: ChainEntry | undefined): boolean =>
  b !== undefined &&
  a.key === b.key &&
  sameOutcome(a, b) &&
  a.precedence === b.precedence &&
  a.cookies.length === b.cookies.length &&
  a.cookies.every((cookie, i) => cookie === b.cookies[i]);

/** Whether a packet fares the same with both, whoever decided. */
export const sameOutcome = (a: ChainEntry, b: ChainEntry): boolean =>
  a.action === b.action &&
  a.audit === b.audit &&
  a.authentication === b.authentication &&
  a.redirect?.parser === b.redirect?.parser &&
  a.redirect?.listener === b.redirect?.listener;
