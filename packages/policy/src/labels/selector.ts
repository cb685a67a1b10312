/**
 * Label selectors: requirements that a set of labels has to meet, all of them. matchLabels become `in` with one value, so that
 * there is one form to match, to compare and to print.
 */
import { ANY_SOURCE, type Label } from './label.ts';

export type Operator = 'in' | 'notIn' | 'exists' | 'doesNotExist';

/** One requirement. `values` are empty for `exists` and `doesNotExist`. */
export interface Requirement {
  /** The label's source; `any` for all sources. */
  readonly source: string;
  readonly key: string;
  readonly operator: Operator;
  readonly values: readonly string[];
}

/** Requirements, all of which must be met. None at all: everything is selected. */
export interface LabelSelector {
  readonly requirements: readonly Requirement[];
}

/** Selects everything. */
export const WILDCARD_SELECTOR: LabelSelector = { requirements: [] };

/** Whether a selector has no requirement. */
export const isWildcard = (selector: LabelSelector): boolean => selector.requirements.length === 0;

/**
 * Whether the labels meet all requirements. As in Kubernetes, `notIn` is also met by labels that lack the key.
 *
 * @param selector - The requirements.
 * @param labels - The labels of an identity, an endpoint or a rule.
 */
export const selects = (selector: LabelSelector, labels: readonly Label[]): boolean =>
  selector.requirements.every((requirement) => meets(requirement, labels));

/** Whether the labels meet one requirement. */
export function meets({ source, key, operator, values }: Requirement, labels: readonly Label[]): boolean {
  const found = labels.filter(
    (label) => label.key === key && (source === ANY_SOURCE || label.source === source),
  );
  switch (operator) {
    case 'exists':
      return found.length > 0;
    case 'doesNotExist':
      return found.length === 0;
    case 'in':
      return found.some(({ value }) => values.includes(value));
    case 'notIn':
      return !found.some(({ value }) => values.includes(value));
  }
}

/** A text that equal selectors share, whatever the order of their requirements and values. */
export function selectorKey(selector: LabelSelector): string {
  const parts = selector.requirements.map(({ source, key, operator, values }) =>
    JSON.stringify([source, key, operator, [...new Set(values)].sort()]),
  );
  return [...new Set(parts)].sort().join('&');
}

/** A selector for people: `k8s:app=web, tier in (a, b), !legacy`. Everything: `*`. */
export function formatSelector(selector: LabelSelector): string {
  if (isWildcard(selector)) return '*';
  return selector.requirements.map(formatRequirement).join(', ');
}

/** A requirement for people. */
export function formatRequirement({ source, key, operator, values }: Requirement): string {
  const name = source === ANY_SOURCE ? key : `${source}:${key}`;
  switch (operator) {
    case 'exists':
      return name;
    case 'doesNotExist':
      return `!${name}`;
    case 'in':
      if (values.length === 1) return values[0] === '' ? name : `${name}=${values[0]}`;
      return `${name} in (${values.join(', ')})`;
    case 'notIn':
      return `${name} notin (${values.join(', ')})`;
  }
}
