/** References to rules, as explanations give them: what the rule is called, and where its author finds the part that is meant. */
import type { PolicyRepository } from '../engine/repository.ts';
import type { CookieOwner } from '../engine/rule-book.ts';
import { formatLabel } from '../labels/label.ts';
import { formatSelector, isWildcard } from '../labels/selector.ts';
import type { Action, Direction, Origin, Place, Rule } from '../rules/rule.ts';

/** An element of a rule, as plain data. */
export interface RuleReference {
  readonly cookie: number;
  /** `NAMESPACE/NAME`; NAME alone without a namespace or in the default one. */
  readonly name: string;
  readonly kind: Origin['kind'];
  readonly direction: Direction;
  readonly action: Action;
  /** Of the element. */
  readonly place: Place;
  /** Of the rule. */
  readonly labels: readonly string[];
  readonly description?: string;
  readonly log?: string;
  /** Whether the rule only reports. */
  readonly audit: boolean;
}

/** The reference to what a cookie stands for. */
export const referenceTo = (cookie: number, { rule, element, direction }: CookieOwner): RuleReference => ({
  cookie,
  name: ruleName(rule),
  kind: rule.origin.kind,
  direction,
  action: element.action,
  place: element.place,
  labels: rule.labels.map(formatLabel),
  ...(rule.description !== undefined && { description: rule.description }),
  ...(rule.log !== undefined && { log: rule.log }),
  audit: rule.audit,
});

/** The references to what cookies stand for; those of rules that have been deleted are left out. */
export const referencesTo = (repository: PolicyRepository, cookies: readonly number[]): RuleReference[] =>
  cookies.flatMap((cookie) => {
    const owner = repository.ruleOf(cookie);
    return owner ? [referenceTo(cookie, owner)] : [];
  });

/** What a rule is called: its document's name, the value of its label `name`, or whom it is about. */
export function ruleName({ origin, labels, subject }: Rule): string {
  const { name, namespace = 'default' } = origin;
  if (name !== undefined) return namespace === 'default' ? name : `${namespace}/${name}`;
  const about = isWildcard(subject.selector) ? `all ${subject.kind}` : formatSelector(subject.selector);
  return labels.find(({ key }) => key === 'name')?.value || `rule for ${about}`;
}

/** A place for people, in the form that editors and terminals jump to: `policies/web.yaml:12`. */
export function formatPlace({ file, line, path }: Place): string {
  if (file === undefined) return line === undefined ? path : `line ${line}`;
  return line === undefined ? file : `${file}:${line}`;
}

/** A reference for people: `backend-api (policies/backend.yaml:12)`. */
export function formatReference({ name, place }: Pick<RuleReference, 'name' | 'place'>): string {
  const where = formatPlace(place);
  return where === '' ? name : `${name} (${where})`;
}
