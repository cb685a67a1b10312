/** The rules of a repository, compiled, and the cookies under which entries name their elements. */
import { hasLabels, type Label } from '../labels/label.ts';
import type { Direction, Peer, Rule, RuleElement } from '../rules/rule.ts';
import { type CompiledRule, compileRule, elementCount, releaseRule } from './compiled-rule.ts';
import type { PeerContext } from './peer-matcher.ts';
import type { SelectorCache } from './selector-cache.ts';

/** What a cookie stands for. */
export interface CookieOwner {
  readonly rule: Rule;
  readonly element: RuleElement;
  readonly direction: Direction;
}

export class RuleBook {
  readonly #cache: SelectorCache;
  readonly #context: PeerContext;
  /** In the order in which they came. */
  readonly #rules = new Set<CompiledRule>();
  readonly #owners = new Map<number, CookieOwner>();
  #nextCookie = 1;

  constructor(cache: SelectorCache, context: PeerContext) {
    this.#cache = cache;
    this.#context = context;
  }

  [Symbol.iterator](): IterableIterator<CompiledRule> {
    return this.#rules.values();
  }

  /** The rules whose subject is in a slot of the cache. */
  selecting(slot: number): CompiledRule[] {
    return [...this.#rules].filter(({ subject }) => subject.slots.has(slot));
  }

  /** The rules that have all these labels. */
  labelled(labels: readonly Label[]): CompiledRule[] {
    return [...this.#rules].filter(({ rule }) => hasLabels(rule.labels, labels));
  }

  /** These very rules, as far as they are here. */
  of(rules: readonly Rule[]): CompiledRule[] {
    const wanted = new Set(rules);
    return [...this.#rules].filter(({ rule }) => wanted.has(rule));
  }

  /** The rules that name groups of CIDRs. */
  usingCidrGroups(): CompiledRule[] {
    return [...this.#rules].filter(({ rule }) => usesCidrGroups(rule));
  }

  /** The peers of all rules, as they were written. */
  *peers(): Generator<Peer> {
    for (const { element } of this.#owners.values()) yield* element.peers ?? [];
  }

  /** All elements of rules, by their cookies. */
  elements(): IterableIterator<[number, CookieOwner]> {
    return this.#owners.entries();
  }

  ownerOf(cookie: number): CookieOwner | undefined {
    return this.#owners.get(cookie);
  }

  /** Compiles rules, all or none, with cookies of their own. They do not count yet. */
  compile(rules: readonly Rule[]): CompiledRule[] {
    const compiled: CompiledRule[] = [];
    try {
      for (const rule of rules) {
        compiled.push(compileRule(rule, this.#nextCookie, this.#cache, this.#context));
        this.#nextCookie += elementCount(rule);
      }
    } catch (error) {
      for (const rule of compiled) releaseRule(rule, this.#cache);
      throw error;
    }
    return compiled;
  }

  /** Compiles rules once more, with the cookies that they had: to those who look at entries they are the same rules. */
  compileAnew(rules: readonly CompiledRule[]): CompiledRule[] {
    return rules.map((compiled) =>
      compileRule(compiled.rule, firstCookieOf(compiled), this.#cache, this.#context),
    );
  }

  /** Puts compiled rules in the place of others; those still hold their selectors, see {@link release}. */
  exchange(added: readonly CompiledRule[], removed: readonly CompiledRule[]): void {
    for (const compiled of removed) {
      this.#rules.delete(compiled);
      for (const { elements } of compiled.sections) {
        for (const { cookie } of elements) this.#owners.delete(cookie);
      }
    }
    for (const compiled of added) {
      this.#rules.add(compiled);
      for (const { direction, elements } of compiled.sections) {
        for (const { element, cookie } of elements) {
          this.#owners.set(cookie, { rule: compiled.rule, element, direction });
        }
      }
    }
  }

  /** Gives back the selectors of rules that nobody uses any more. */
  release(removed: readonly CompiledRule[]): void {
    for (const compiled of removed) releaseRule(compiled, this.#cache);
  }
}

const firstCookieOf = ({ sections }: CompiledRule): number =>
  sections.flatMap(({ elements }) => elements.map(({ cookie }) => cookie))[0] ?? 0;

const usesCidrGroups = ({ ingress, egress }: Rule): boolean =>
  [...(ingress?.elements ?? []), ...(egress?.elements ?? [])].some(({ peers = [] }) =>
    peers.some(({ kind }) => kind === 'cidrGroup' || kind === 'cidrGroupSelector'),
  );
