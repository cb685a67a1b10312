/**
 * What proxies have to check: for each port that is redirected, the rules of all who may come there. A peer's rules are
 * alternatives; one without L7 rules lets everything of that peer pass.
 */

import type { L7Rules } from '../rules/l7.ts';
import type { Direction } from '../rules/rule.ts';
import { redirecting } from './conflicts.ts';
import type { DirectionPolicy } from './direction-policy.ts';
import type { Redirect } from './entry.ts';
import { type Filter, withNamedPorts } from './filter.ts';
import { ANY_L4, covers, type L4Key, portOf, prefixOf, protocolOf } from './l4-key.ts';
import { L4Map } from './l4-map.ts';
import type { SelectorCache } from './selector-cache.ts';

/** One alternative. */
export interface ProxyRule {
  readonly peers: 'everybody' | readonly number[];
  /** Absent: everything may pass. */
  readonly l7?: L7Rules;
  readonly cookie: number;
}

/** The rules of a port, or of a block of ports: all of them. For a packet the narrowest block that holds its port counts. */
export interface ProxyPolicy {
  readonly direction: Direction;
  readonly protocol: number;
  readonly port: number;
  readonly portPrefix: number;
  readonly redirect: Redirect;
  readonly rules: readonly ProxyRule[];
}

/** What proxies have to check in one direction of a subject. */
export function proxyPolicies(policy: DirectionPolicy, cache: SelectorCache): ProxyPolicy[] {
  if (redirecting(policy, cache).next().done) return [];
  const allowed = [...allowing(policy, cache)];
  const redirects = new L4Map<Target>();
  const keys = new Set<L4Key>();
  for (const { filter } of allowed) {
    for (const { key, redirect, precedence } of filter.parts) {
      if (key !== ANY_L4) keys.add(key);
      if (redirect && precedence > (redirects.get(key)?.precedence ?? 0))
        redirects.set(key, { redirect, precedence });
    }
  }
  // A narrower port has more rules: those of its own, which may let everything pass, and those of the blocks around it.
  return [...keys]
    .sort((a, b) => a - b)
    .flatMap((key) => {
      const [target] = redirects.covering(key).sort((a, b) => b.precedence - a.precedence);
      if (!target) return [];
      return {
        direction: policy.direction,
        protocol: protocolOf(key),
        port: portOf(key),
        portPrefix: prefixOf(key),
        redirect: target.redirect,
        rules: allowed.flatMap(({ filter, peers }) => rulesAt(filter, peers, key)),
      };
    });
}

/** To whom a key is redirected; of several, the highest precedence counts. */
interface Target {
  readonly redirect: Redirect;
  readonly precedence: number;
}

/** What allows by itself: a rule in audit mode must not let pass what the others have a proxy check. */
function* allowing(
  policy: DirectionPolicy,
  cache: SelectorCache,
): Generator<{ filter: Filter; peers: ProxyRule['peers'] }> {
  for (const filter of policy.everybody)
    if (!filter.deny && !filter.audit) yield { filter, peers: 'everybody' };
  for (const [selector, filters] of policy.groups()) {
    const identities: number[] = [];
    selector.slots.forEach((slot) => {
      identities.push(cache.at(slot).identity.id);
    });
    identities.sort((a, b) => a - b);
    for (const filter of filters) {
      if (filter.deny || filter.audit) continue;
      if (filter.named.length === 0) yield { filter, peers: identities };
      else {
        for (const id of identities) {
          yield {
            filter: withNamedPorts(filter, cache.identity(id)?.identity.namedPorts ?? []),
            peers: [id],
          };
        }
      }
    }
  }
}

const rulesAt = (filter: Filter, peers: ProxyRule['peers'], key: L4Key): ProxyRule[] =>
  filter.parts
    .filter((part) => part.key === ANY_L4 || covers(part.key, key))
    .map(({ l7 }) => ({ peers, ...(l7 && { l7 }), cookie: filter.cookie }));
