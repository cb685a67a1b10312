/**
 * Rules in audit mode only report. The verdict is that of the other rules (E); what passes by it although all rules together
 * (F) would drop it is allowed and marked. E and F are compiled each for itself and laid over one another here, key by key.
 */
import { Chain, type ChainEntry, EMPTY_CHAIN, firstHit, sameOutcome } from './chain.ts';
import { ANY_L4, type L4Key } from './l4-key.ts';

/** The chains of one peer and of everybody, by one set of rules. */
export interface ChainPair {
  readonly own: Chain;
  readonly wildcard: Chain;
}

/** The chain of everybody. */
export const auditedWildcard = (enforced: Chain, all: Chain): Chain =>
  overlay({ own: enforced, wildcard: EMPTY_CHAIN }, { own: all, wildcard: EMPTY_CHAIN }, EMPTY_CHAIN);

/**
 * The chain of a peer.
 *
 * @param enforced - By the rules without those in audit mode.
 * @param all - By all rules.
 * @param wildcard - The chain of everybody, already laid over.
 */
export function auditedPeer(enforced: ChainPair, all: ChainPair, wildcard: Chain): Chain {
  if (enforced.own.entries.length === 0 && all.own.entries.length === 0) return EMPTY_CHAIN;
  return overlay(enforced, all, wildcard);
}

function overlay(enforced: ChainPair, all: ChainPair, wildcard: Chain): Chain {
  const keys = new Set<L4Key>([ANY_L4]);
  for (const { own, wildcard } of [enforced, all]) {
    for (const { key } of own.entries) keys.add(key);
    for (const { key } of wildcard.entries) keys.add(key);
  }
  const kept: ChainEntry[] = [];
  for (const key of [...keys].sort((a, b) => a - b)) {
    const entry = verdictOf(key, enforced, all);
    if (!entry) continue;
    const named = enforced.own.index.get(key) !== undefined;
    const found = firstHit(new Chain(kept), wildcard, key);
    if (named || !found || !sameOutcome(found, entry)) kept.push(entry);
  }
  return kept.length === 0 ? EMPTY_CHAIN : new Chain(kept);
}

function verdictOf(key: L4Key, enforced: ChainPair, all: ChainPair): ChainEntry | undefined {
  const verdict = firstHit(enforced.own, enforced.wildcard, key);
  if (!verdict) return undefined;
  if (verdict.action === 'deny') return { ...verdict, key };
  const reported = firstHit(all.own, all.wildcard, key);
  if (reported && reported.action !== 'deny') return { ...verdict, key };
  return { ...verdict, key, audit: true, cookies: reported?.cookies ?? [] };
}
