/**
 * From filters to chains. For each key that matters it is asked what all filters together say (deny beats redirect beats
 * allow), and what the kernel would find there without an entry; the entry is made where the two differ, and also where a rule
 * names the key and no entry for everybody says the same, so that the map shows which rule let what pass.
 *
 * Three things make entries that no rule names, all because the kernel takes the first hit:
 * - a peer that is denied everything is denied what everybody is allowed, port by port (or, where this takes fewer entries,
 *   protocol by protocol);
 * - ports that everybody is denied are denied within broader ports that the peer is allowed;
 * - authentication that is asked of a peer is also asked on ports that everybody is allowed.
 */
import type { Authentication } from '../rules/rule.ts';
import { Chain, type ChainEntry, EMPTY_CHAIN } from './chain.ts';
import { PRECEDENCE, type Redirect } from './entry.ts';
import { type Filter, IMPLICIT } from './filter.ts';
import { ANY_L4, type L4Key, l4Key, protocolOf } from './l4-key.ts';
import { L4Map } from './l4-map.ts';

/** What the filters of a peer say about one key. */
interface Cell {
  readonly key: L4Key;
  readonly deny: number[];
  readonly allow: number[];
  redirect: Redirect | undefined;
  /** Of what is allowed. */
  precedence: number;
  authentication: Authentication | undefined;
  /** Kept whatever the kernel would find without. */
  forced: boolean;
}

/**
 * The chain of everybody.
 *
 * @param filters - Those without peers.
 */
export const wildcardChain = (filters: readonly Filter[]): Chain => peerChain(filters, EMPTY_CHAIN);

/**
 * The chain of a peer.
 *
 * @param filters - Those whose peers it is one of, names of ports looked up.
 * @param wildcard - The chain of everybody.
 */
export function peerChain(filters: readonly Filter[], wildcard: Chain): Chain {
  const [first, ...others] = filters;
  if (!first) return EMPTY_CHAIN;
  return others.length === 0 && wildcard.entries.length === 0
    ? chainAlone(first)
    : makeChain(filters, wildcard);
}

/** By the filter that is all there is, for most peers: the same for all subjects, so it is made once. */
const alone = new WeakMap<Filter, Chain>();

function chainAlone(filter: Filter): Chain {
  let chain = alone.get(filter);
  if (!chain) {
    chain = makeChain([filter], EMPTY_CHAIN);
    alone.set(filter, chain);
  }
  return chain;
}

function makeChain(filters: readonly Filter[], wildcard: Chain): Chain {
  if (wildcard.index.any?.action === 'deny') return EMPTY_CHAIN;
  const cells = cellsOf(filters);
  addDerived(cells, wildcard);
  const kept: ChainEntry[] = [];
  const keptByKey = new L4Map<ChainEntry>();
  for (const cell of [...cells.values()].sort((a, b) => a.key - b.key)) {
    const entry = verdictOf(cell, cells, wildcard);
    if (!entry || (!cell.forced && isRedundant(entry, keptByKey, wildcard))) continue;
    kept.push(entry);
    keptByKey.set(entry.key, entry);
  }
  return kept.length === 0 ? EMPTY_CHAIN : new Chain(kept);
}

function cellsOf(filters: readonly Filter[]): L4Map<Cell> {
  const cells = new L4Map<Cell>();
  for (const { cookie, deny, authentication, parts } of filters) {
    for (const { key, redirect, precedence } of parts) {
      const cell = cellAt(cells, key);
      if (deny) {
        cell.deny.push(cookie);
        continue;
      }
      cell.allow.push(cookie);
      if (precedence > cell.precedence) {
        cell.precedence = precedence;
        cell.redirect = redirect;
      }
      if (authentication) cell.authentication = strongest(cell.authentication, authentication);
    }
  }
  return cells;
}

function cellAt(cells: L4Map<Cell>, key: L4Key): Cell {
  let cell = cells.get(key);
  if (!cell) {
    cell = {
      key,
      deny: [],
      allow: [],
      redirect: undefined,
      precedence: 0,
      authentication: undefined,
      forced: false,
    };
    cells.set(key, cell);
  }
  return cell;
}

const STRENGTH: Readonly<Record<Authentication, number>> = {
  disabled: 0,
  required: 1,
  'test-always-fail': 2,
};

const strongest = (a: Authentication | undefined, b: Authentication): Authentication =>
  a !== undefined && STRENGTH[a] > STRENGTH[b] ? a : b;

/** Adds the keys that no rule of the peer names, see the head of this file. */
function addDerived(cells: L4Map<Cell>, wildcard: Chain): void {
  const { any } = cells;
  if (any && any.deny.length > 0) {
    denyWhatAllMay(cells, wildcard);
    return;
  }
  const inherited = wildcard.index.any?.authentication;
  for (const { key, action, authentication } of wildcard.entries) {
    if (key === ANY_L4) continue;
    if (action === 'deny') {
      if (cells.covering(key).length > 0) cellAt(cells, key);
    } else if (any?.authentication && authentication === inherited) cellAt(cells, key);
  }
}

function denyWhatAllMay(cells: L4Map<Cell>, wildcard: Chain): void {
  const byProtocol = new Map<number, L4Key[]>();
  for (const { key, action } of wildcard.entries) {
    if (key === ANY_L4 || action === 'deny') continue;
    const keys = byProtocol.get(protocolOf(key));
    if (keys) keys.push(key);
    else byProtocol.set(protocolOf(key), [key]);
  }
  for (const [protocol, [first, ...others]] of byProtocol) {
    const key = first !== undefined && others.length === 0 ? first : l4Key(protocol, 0, 0);
    cellAt(cells, key).forced = true;
  }
}

/** What all filters say about a cell's key; nothing where they say nothing. */
function verdictOf(cell: Cell, cells: L4Map<Cell>, wildcard: Chain): ChainEntry | undefined {
  const { key } = cell;
  const covering = key === ANY_L4 ? [cell] : cells.covering(key);
  const denial = denialOf(covering, cells.any, wildcard, key);
  if (denial) {
    return {
      key,
      action: 'deny',
      audit: false,
      precedence: PRECEDENCE.deny,
      cookies: ascending(denial),
    };
  }
  const authentication = authenticationOf(covering, cells.any, wildcard, key);
  // A rule for all protocols is no reason for an entry at a narrower key: the kernel finds it last, by itself.
  let best: Cell | undefined;
  const cookies: number[] = [];
  for (const allowing of covering) {
    if (allowing.allow.length === 0) continue;
    if (!best || allowing.precedence > best.precedence) best = allowing;
    cookies.push(...allowing.allow);
  }
  if (!best) {
    const open = wildcard.index.get(key);
    if (!open || !authentication) return undefined;
    return {
      ...open,
      authentication,
      cookies: ascending([...open.cookies, ...(cells.any?.allow ?? [])]),
    };
  }
  const { redirect, precedence } = best;
  return {
    key,
    action: redirect ? 'redirect' : 'allow',
    ...(redirect && { redirect }),
    audit: false,
    ...(authentication && { authentication }),
    precedence,
    cookies: ascending(cookies),
  };
}

/** The cookies of the rules that deny a key: the narrowest of the peer's, else those for everybody. */
function denialOf(
  covering: readonly Cell[],
  any: Cell | undefined,
  wildcard: Chain,
  key: L4Key,
): readonly number[] | undefined {
  const own = covering.findLast(({ deny }) => deny.length > 0) ?? (any?.deny.length ? any : undefined);
  if (own) return own.deny;
  if (wildcard.entries.length === 0) return undefined;
  return wildcard.index.covering(key).find(({ action }) => action === 'deny')?.cookies;
}

/** What is asked at a key: by the narrowest of the peer's rules that says so, else by those for everybody. */
function authenticationOf(
  covering: readonly Cell[],
  any: Cell | undefined,
  wildcard: Chain,
  key: L4Key,
): Authentication | undefined {
  return (
    covering.findLast(({ authentication }) => authentication)?.authentication ??
    any?.authentication ??
    wildcard.index.narrowest(key)?.authentication ??
    wildcard.index.any?.authentication
  );
}

/** Whether the kernel, with the entries kept so far, finds the same or as good without this one. */
function isRedundant(entry: ChainEntry, kept: L4Map<ChainEntry>, wildcard: Chain): boolean {
  const { key } = entry;
  const own = kept.narrowest(key);
  const found =
    own ?? wildcard.index.narrowest(key) ?? (key === ANY_L4 ? undefined : kept.any) ?? wildcard.index.any;
  if (entry.action === 'deny') return found?.action === 'deny';
  const forAll = key === ANY_L4 ? undefined : wildcard.index.get(key);
  return (
    own === undefined &&
    forAll !== undefined &&
    forAll.action !== 'deny' &&
    forAll.precedence >= entry.precedence &&
    forAll.authentication === entry.authentication
  );
}

/** Each number once, in order, without that of what waggle adds by itself. */
function ascending(cookies: readonly number[]): readonly number[] {
  if (cookies.length === 1 && cookies[0] !== IMPLICIT) return cookies;
  return [...new Set(cookies)].filter((cookie) => cookie !== IMPLICIT).sort((a, b) => a - b);
}
