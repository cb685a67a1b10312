/**
 * Filters: what is left of a rule's element once its peers are known: whether it allows or denies, and on which ports. The
 * filters that apply to an identity are all that its chain is made of.
 */

import type { NamedPort } from '../identity/identity.ts';
import type { L7Rules } from '../rules/l7.ts';
import { type Authentication, type Port, PROTOCOL_NUMBERS, type RuleElement } from '../rules/rule.ts';
import { PRECEDENCE, type Redirect } from './entry.ts';
import { ANY_L4, type L4Key, rangeKeys } from './l4-key.ts';

/** Some ports of a filter, and to whom their traffic is redirected. */
export interface FilterPart {
  readonly key: L4Key;
  readonly redirect?: Redirect;
  /** What the one who gets it has to check. */
  readonly l7?: L7Rules;
  readonly precedence: number;
}

/** Ports that are only known by name. */
interface NamedPart extends Omit<FilterPart, 'key'> {
  readonly port: Port & { kind: 'named' };
}

/** See the head of this file. */
export interface Filter {
  readonly cookie: number;
  readonly deny: boolean;
  /** Whether the rule is in audit mode. */
  readonly audit: boolean;
  readonly authentication?: Authentication;
  readonly parts: readonly FilterPart[];
  readonly named: readonly NamedPart[];
  /** Whether any of these goes to a proxy. */
  readonly redirects: boolean;
}

/** The cookie of what waggle adds without a rule; entries do not list it. */
export const IMPLICIT = 0;

/** A listener's priority is 1 (first) to 100; without one a parser comes after all of them. */
const LOWEST_PRIORITY = 100;

/** The filter of an element. */
export function filterOf(element: RuleElement, cookie: number, audit: boolean): Filter {
  const deny = element.action === 'deny';
  const parts: FilterPart[] = [];
  const named: NamedPart[] = [];
  const plain = { precedence: deny ? PRECEDENCE.deny : PRECEDENCE.allow };
  if (!element.ports) parts.push({ key: ANY_L4, ...plain });
  for (const rule of element.ports ?? []) {
    const how = rule.l7 && !deny ? redirectOf(rule.l7) : plain;
    for (const port of rule.ports) {
      if (port.kind === 'named') named.push({ port, ...how });
      else parts.push(...keysOf(port).map((key) => ({ key, ...how })));
    }
  }
  return {
    cookie,
    deny,
    audit,
    ...(element.authentication && { authentication: element.authentication }),
    parts,
    named,
    redirects: !deny && element.ports?.some(({ l7 }) => l7) === true,
  };
}

/** The filter with the names of its ports looked up among these; names that nobody has are left out. */
export function withNamedPorts(filter: Filter, ports: readonly NamedPort[]): Filter {
  if (filter.named.length === 0) return filter;
  const found = filter.named.flatMap(({ port, ...how }) =>
    ports
      .filter(({ name, protocol }) => name === port.name && protocol === port.protocol)
      .flatMap((named) => keysOf({ ...port, kind: 'range', first: named.port, last: named.port }))
      .map((key) => ({ key, ...how })),
  );
  return { ...filter, parts: [...filter.parts, ...found], named: [] };
}

const keysOf = (port: Port & { kind: 'range' }): L4Key[] =>
  rangeKeys(PROTOCOL_NUMBERS[port.protocol], port.first, port.last);

function redirectOf(l7: L7Rules): Omit<FilterPart, 'key'> {
  const { parser, listener } = l7;
  if (!listener) return { redirect: { parser }, l7, precedence: PRECEDENCE.redirect };
  const priority = listener.priority ?? LOWEST_PRIORITY;
  return {
    redirect: { parser, listener: `${listener.kind}/${listener.config}/${listener.name}` },
    l7,
    precedence: PRECEDENCE.redirect + 1 + LOWEST_PRIORITY - priority,
  };
}
