/**
 * Near misses: for a packet that no rule allows, the allow elements that came closest, and what each lacks. Those of rules that
 * select the subject come first, by how little is missing; a rule that does not select it counts only if it would allow the packet, and
 * is about something similar.
 */
import { nearest } from '@waggle/bpf';
import type { PolicyRepository } from '../engine/repository.ts';
import type { Identity } from '../identity/identity.ts';
import { NAMESPACE_KEY } from '../labels/label.ts';
import { meets } from '../labels/selector.ts';
import type { Rule, RuleElement } from '../rules/rule.ts';
import { type Gap, peerGap, portGap, type Question, subjectGap } from './gaps.ts';
import { formatPlace, type RuleReference, referenceTo } from './rule-reference.ts';

/** A rule that nearly allowed the packet. */
export interface NearMiss {
  readonly rule: RuleReference;
  /** Empty for a rule in audit mode that would allow it. */
  readonly gaps: readonly Gap[];
  /** What it says instead, to be read after its name. */
  readonly text: string;
  /** What could be done. */
  readonly advice: string;
}

const MOST = 3;

/**
 * The nearest misses.
 *
 * @param question - A packet that no rule allows.
 * @param most - How many; default 3.
 */
export function nearMisses(repository: PolicyRepository, question: Question, most = MOST): NearMiss[] {
  const found: { miss: NearMiss; distance: number; similar: boolean }[] = [];
  for (const { rule, element, gaps, cookie } of allowElements(repository, question)) {
    const owner = { rule, element, direction: question.direction };
    const reference = referenceTo(cookie, owner);
    const [text, advice] = sentences(gaps, reference, question);
    const distance = gaps.reduce((sum, { kind, size }) => sum + size + (kind === 'subject' ? 1 : 0), 0);
    const similar = isSimilar(rule, question.subject);
    found.push({ miss: { rule: reference, gaps, text, advice }, distance, similar });
  }
  const isNear = ({ miss: { gaps }, similar }: (typeof found)[number]): boolean =>
    gaps.every(({ kind, size }) => kind !== 'subject' || (size === 1 && gaps.length === 1 && similar));
  return found
    .filter(isNear)
    .sort((a, b) => a.distance - b.distance || a.miss.rule.cookie - b.miss.rule.cookie)
    .slice(0, most)
    .map(({ miss }) => miss);
}

/**
 * Whether a rule may have been meant for a subject that it does not select: it asks for something else that the subject has, or for a
 * label that looks like one of its own. All others are plainly about somebody else.
 */
function isSimilar({ subject: { selector } }: Rule, { labels }: Identity): boolean {
  return selector.requirements.some((requirement) => {
    const { key, operator, values } = requirement;
    if (key === NAMESPACE_KEY || operator === 'notIn' || operator === 'doesNotExist') return false;
    if (meets(requirement, labels)) return true;
    const own = labels.filter((label) => label.key === key).map(({ value }) => value);
    return values.some((value) => nearest(value, own) !== undefined);
  });
}

/** Whether an allow element of a rule in force matches the packet, whatever else is denied. */
export const isAllowedBySome = (repository: PolicyRepository, question: Question): boolean =>
  [...allowElements(repository, question)].some(({ rule, gaps }) => gaps.length === 0 && !rule.audit);

function* allowElements(
  repository: PolicyRepository,
  question: Question,
): Generator<{ rule: Rule; element: RuleElement; cookie: number; gaps: Gap[] }> {
  const { direction, subject, peer } = question;
  const selecting = new Set(repository.rulesFor(subject.id));
  const requires = requiresOf([...selecting], question);
  for (const [cookie, owner] of repository.elements()) {
    const { rule, element } = owner;
    if (owner.direction !== direction || element.action !== 'allow') continue;
    const own = selecting.has(rule) ? requires : [...requires, ...requiresOf([rule], question)];
    const gaps = [
      selecting.has(rule) ? undefined : subjectGap(rule, subject),
      peerGap(element, peer, own, repository.peerContext),
      portGap(element, question),
    ].filter((gap) => gap !== undefined);
    yield { rule, element, cookie, gaps };
  }
}

const requiresOf = (rules: readonly Rule[], { direction }: Question) =>
  rules.flatMap((rule) => rule[direction]?.elements.flatMap(({ requires = [] }) => requires) ?? []);

/** What a rule says instead, and what could be done about it. */
function sentences(gaps: readonly Gap[], { place }: RuleReference, question: Question): [string, string] {
  const find = (wanted: Gap['kind']) => gaps.find(({ kind }) => kind === wanted);
  const [subject, peer, port] = [find('subject'), find('peer'), find('port')];
  const towards = question.direction === 'ingress' ? 'from' : 'to';
  const at = formatPlace(place);
  const hasText = (who: string, { has }: Gap): string => (has === '' ? '' : `; the ${who} ${has}`);
  if (subject) {
    return [
      `would allow this, but is about ${subject.asked}; the subject ${subject.has}`,
      `give the subject ${subject.asked}, or let the rule at ${at} select it`,
    ];
  }
  if (peer && port) {
    return [
      `allows only ${port.asked} ${towards} ${peer.asked}${hasText('peer', peer)}`,
      `add an element for this peer and ${port.has} beside ${at}`,
    ];
  }
  if (peer) {
    const isLabel = peer.has.startsWith('has ');
    return [
      `allows this port only ${towards} ${peer.asked}${hasText('peer', peer)}`,
      isLabel ? `give the peer ${peer.asked}, or add the peer at ${at}` : `add the peer at ${at}`,
    ];
  }
  if (port) return [`allows this peer only on ${port.asked}`, `add ${port.has} to the ports at ${at}`];
  return [
    'would allow this, but is in audit mode, and only reports',
    `take the rule at ${at} out of audit mode`,
  ];
}
