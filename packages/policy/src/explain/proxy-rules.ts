/** What a proxy has to check for one peer on one port: the L7 rules of all elements that let the peer come there. */
import { ANY_L4, covers, l4Key } from '../engine/l4-key.ts';
import type { PolicyRepository, ResolvedPolicy } from '../engine/repository.ts';
import type { L7Rules } from '../rules/l7.ts';
import { includesPort, type Question } from './gaps.ts';
import { type RuleReference, referenceTo } from './rule-reference.ts';

/** One alternative, and the rule that gives it. */
export interface ProxyRuleReference {
  readonly rule: RuleReference;
  /** Absent: everything may pass. */
  readonly l7?: L7Rules;
}

/**
 * The alternatives for a peer, of a packet that is redirected. They come from what the proxies are told alone: the entry of a
 * packet that rules in audit mode would drop names these rules, which let nothing pass.
 */
export function proxyRulesFor(
  repository: PolicyRepository,
  { proxies }: ResolvedPolicy,
  question: Question,
): ProxyRuleReference[] {
  const { direction, peer, protocol, port } = question;
  const packet = l4Key(protocol, port, 16);
  const cookies = new Set<number>();
  for (const proxy of proxies) {
    const key = proxy.protocol === 0 ? ANY_L4 : l4Key(proxy.protocol, proxy.port, proxy.portPrefix);
    if (proxy.direction !== direction || !covers(key, packet)) continue;
    for (const { peers, cookie } of proxy.rules) {
      if (peers === 'everybody' || peers.includes(peer.id)) cookies.add(cookie);
    }
  }
  return [...cookies]
    .sort((a, b) => a - b)
    .flatMap((cookie) => {
      const owner = repository.ruleOf(cookie);
      if (!owner) return [];
      const rule = referenceTo(cookie, owner);
      const { ports } = owner.element;
      if (!ports) return [{ rule }];
      return ports
        .filter((each) => each.ports.some((candidate) => includesPort(candidate, question)))
        .map(({ l7 }) => ({ rule, ...(l7 && { l7 }) }));
    });
}
