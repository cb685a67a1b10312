/** Conflicts: one port cannot be read by two parsers at once, whoever the peers are. */
import type { DirectionPolicy } from './direction-policy.ts';
import type { Redirect } from './entry.ts';
import { type Filter, withNamedPorts } from './filter.ts';
import { type L4Key, portOf, prefixOf, protocolOf } from './l4-key.ts';
import { L4Map } from './l4-map.ts';
import type { CachedSelector, SelectorCache } from './selector-cache.ts';

/** Two rule elements whose parsers differ on a port. */
export interface Conflict {
  readonly protocol: number;
  /** The first of the ports that both speak of. */
  readonly port: number;
  readonly portPrefix: number;
  readonly parsers: readonly [string, string];
  readonly cookies: readonly [number, number];
}

/**
 * The filters of a direction that redirect, one with several peers several times. Rules in audit mode only report, so theirs
 * do not. What a name of a port means comes after the filter that uses it, once for each peer that has such names.
 */
export function* redirecting(policy: DirectionPolicy, cache: SelectorCache): Generator<Filter> {
  yield* policy.everybody.filter(redirects);
  for (const [selector, filters] of policy.groups()) {
    for (const filter of filters) {
      if (!redirects(filter)) continue;
      yield filter;
      if (filter.named.length > 0) yield* byNames(filter, selector, cache);
    }
  }
}

const redirects = (filter: Filter): boolean => filter.redirects && !filter.audit;

function byNames(filter: Filter, selector: CachedSelector, cache: SelectorCache): Filter[] {
  const found: Filter[] = [];
  selector.slots.forEach((slot) => {
    const ports = cache.at(slot).identity.namedPorts ?? [];
    if (ports.length > 0) found.push(withNamedPorts(filter, ports));
  });
  return found;
}

/** The conflicts among filters, one for each port and pair of parsers. */
export function findConflicts(filters: Iterable<Filter>): Conflict[] {
  const byKey = new Map<L4Key, Map<string, number>>();
  for (const { cookie, parts } of filters) {
    for (const { key, redirect } of parts) {
      if (!redirect) continue;
      const parsers = byKey.get(key) ?? new Map<string, number>();
      byKey.set(
        key,
        parsers.set(nameOf(redirect), Math.min(cookie, parsers.get(nameOf(redirect)) ?? cookie)),
      );
    }
  }
  const index = new L4Map<Map<string, number>>();
  for (const [key, parsers] of byKey) index.set(key, parsers);
  const conflicts: Conflict[] = [];
  for (const [key, parsers] of [...byKey].sort(([a], [b]) => a - b)) {
    const place = { protocol: protocolOf(key), port: portOf(key), portPrefix: prefixOf(key) };
    const others = new Map(index.covering(key).flatMap((covering) => [...covering]));
    for (const [parser, cookie] of parsers) {
      for (const [other, otherCookie] of others) {
        // Of two at the same key, each would be found twice.
        if (other === parser || (parsers.has(other) && other < parser)) continue;
        conflicts.push({ ...place, parsers: [parser, other], cookies: [cookie, otherCookie] });
      }
    }
  }
  return conflicts;
}

const nameOf = ({ parser }: Redirect): string => parser;
