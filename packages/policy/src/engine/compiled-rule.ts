/**
 * Rules, ready to be applied to subjects: for each element its filter, and the selectors of its peers in the selector cache.
 * This does not depend on the subject, except where some rule has further requirements to all peers (fromRequires): then the
 * elements are selected once more for each subject.
 */
import type { LabelSelector } from '../labels/selector.ts';
import type { Direction, Rule, RuleElement } from '../rules/rule.ts';
import { type Filter, filterOf } from './filter.ts';
import {
  both,
  namedPortMatcher,
  type PeerContext,
  type PeerMatcher,
  peerMatcher,
  subjectMatcher,
} from './peer-matcher.ts';
import type { CachedSelector, SelectorCache } from './selector-cache.ts';

/** A filter, and to whom it applies. */
export interface Selection {
  readonly filter: Filter;
  readonly everybody: boolean;
  /** Without meaning where it applies to everybody. */
  readonly selectors: readonly CachedSelector[];
}

/** What a rule says of one direction. */
export interface CompiledSection {
  readonly direction: Direction;
  readonly defaultDeny: boolean;
  readonly audit: boolean;
  readonly requires: readonly LabelSelector[];
  readonly elements: readonly CompiledElement[];
  readonly selections: readonly Selection[];
}

interface CompiledElement {
  readonly element: RuleElement;
  readonly cookie: number;
  readonly filter: Filter;
}

/** A rule in the repository. */
export interface CompiledRule {
  readonly rule: Rule;
  readonly subject: CachedSelector;
  readonly sections: readonly CompiledSection[];
}

/**
 * Compiles a rule.
 *
 * @param firstCookie - Its elements get this cookie and those after it, ingress first.
 */
export function compileRule(
  rule: Rule,
  firstCookie: number,
  cache: SelectorCache,
  context: PeerContext,
): CompiledRule {
  let cookie = firstCookie;
  const sections: CompiledSection[] = [];
  for (const direction of ['ingress', 'egress'] as const) {
    const section = rule[direction];
    if (!section) continue;
    const elements = section.elements.map((element) => ({
      element,
      cookie,
      filter: filterOf(element, cookie++, rule.audit),
    }));
    sections.push({
      direction,
      defaultDeny: section.defaultDeny,
      audit: rule.audit,
      requires: section.elements.flatMap(({ requires = [] }) => requires),
      elements,
      selections: selectPeers(elements, direction, [], cache, context),
    });
  }
  const subject = cache.acquire(subjectMatcher(rule.subject.kind, rule.subject.selector));
  return { rule, subject, sections };
}

/** Gives back what a compiled rule holds in the cache. */
export function releaseRule({ subject, sections }: CompiledRule, cache: SelectorCache): void {
  cache.release(subject);
  for (const { selections } of sections) releaseSelections(selections, cache);
}

/** How many cookies a rule takes. */
export const elementCount = (rule: Rule): number =>
  (rule.ingress?.elements.length ?? 0) + (rule.egress?.elements.length ?? 0);

/** The selections of elements, with further requirements to their endpoints. */
export function selectPeers(
  elements: readonly CompiledElement[],
  direction: Direction,
  requires: readonly LabelSelector[],
  cache: SelectorCache,
  context: PeerContext,
): Selection[] {
  return elements.flatMap(({ element, filter }) => {
    const matchers = element.peers?.map((peer) => peerMatcher(peer, requires, context)) ?? ['any' as const];
    // On the way out it is the peer that gives a port its name: it applies to those peers that have it.
    const named = direction === 'egress' ? filter.named : [];
    const direct = named.length > 0 ? { ...filter, named: [] } : filter;
    const selections = named.map((part) => {
      const hasPort = namedPortMatcher(part.port.name, part.port.protocol);
      const peers = matchers.map((matcher) => {
        if (matcher === undefined) return undefined;
        return matcher === 'any' ? hasPort : both(matcher, hasPort);
      });
      return selection({ ...filter, parts: [], named: [part] }, peers, cache);
    });
    if (direct.parts.length > 0 || direct.named.length > 0)
      selections.unshift(selection(direct, matchers, cache));
    return selections;
  });
}

/** Gives selections back to the cache. */
export function releaseSelections(selections: readonly Selection[], cache: SelectorCache): void {
  for (const { selectors } of selections) for (const selector of selectors) cache.release(selector);
}

function selection(
  filter: Filter,
  matchers: readonly (PeerMatcher | 'any' | undefined)[],
  cache: SelectorCache,
): Selection {
  if (matchers.includes('any')) return { filter, everybody: true, selectors: [] };
  const unique = new Map(
    matchers.flatMap((matcher) => (matcher && matcher !== 'any' ? [[matcher.key, matcher] as const] : [])),
  );
  return {
    filter,
    everybody: false,
    selectors: [...unique.values()].map((matcher) => cache.acquire(matcher)),
  };
}
