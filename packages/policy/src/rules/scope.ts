/**
 * What the document around a rule adds to its selectors. A namespaced policy speaks of its own namespace unless a selector
 * names one; a clusterwide one of endpoints that have a namespace; a bare rule of whatever its selectors say.
 */
import {
  ANY_SOURCE,
  KUBERNETES_SOURCE,
  NAMESPACE_KEY,
  NAMESPACE_LABELS_PREFIX,
  RESERVED_SOURCE,
} from '../labels/label.ts';
import type { LabelSelector, Requirement } from '../labels/selector.ts';

export type Scope =
  | { readonly kind: 'bare' }
  | { readonly kind: 'namespaced'; readonly namespace: string }
  | { readonly kind: 'clusterwide' };

/** Requires a namespace, by its name. */
export const inNamespace = (namespace: string): Requirement => ({
  source: KUBERNETES_SOURCE,
  key: NAMESPACE_KEY,
  operator: 'in',
  values: [namespace],
});

/** Requires any namespace. */
export const IN_A_NAMESPACE: Requirement = {
  source: KUBERNETES_SOURCE,
  key: NAMESPACE_KEY,
  operator: 'exists',
  values: [],
};

/**
 * The selector of a rule's subject. A namespaced policy is always about its own namespace: what its selector says of another
 * one is left out, as the field does.
 */
export function scopeSubject(selector: LabelSelector, scope: Scope): LabelSelector {
  if (scope.kind !== 'namespaced') return selector;
  const others = selector.requirements.filter(
    ({ source, key, operator }) =>
      !(source === KUBERNETES_SOURCE && key === NAMESPACE_KEY && operator === 'in'),
  );
  return { requirements: [...others, inNamespace(scope.namespace)] };
}

/** Whether a subject is made of endpoints that have no labels yet. */
export const selectsInit = (selector: LabelSelector): boolean =>
  selector.requirements.some(({ source, key }) => source === RESERVED_SOURCE && key === 'init');

/**
 * The selector of a peer.
 *
 * @param selector - As written.
 * @param scope - The document.
 * @param subjectIsInit - See {@link selectsInit}.
 * @param requires - Whether it is one of fromRequires and toRequires, where reserved labels are no exception.
 */
export function scopePeer(
  selector: LabelSelector,
  scope: Scope,
  subjectIsInit: boolean,
  requires: boolean,
): LabelSelector {
  const { requirements } = selector;
  if (scope.kind === 'bare') return selector;
  if (!requires && requirements.some(({ source }) => source === RESERVED_SOURCE)) return selector;
  if (requirements.some((requirement) => isKubernetes(requirement) && requirement.key === NAMESPACE_KEY))
    return selector;
  if (scope.kind === 'clusterwide') {
    return subjectIsInit ? selector : { requirements: [...requirements, IN_A_NAMESPACE] };
  }
  const byLabels = requirements.some(
    (requirement) => isKubernetes(requirement) && requirement.key.startsWith(NAMESPACE_LABELS_PREFIX),
  );
  return byLabels ? selector : { requirements: [...requirements, inNamespace(scope.namespace)] };
}

const isKubernetes = ({ source }: Requirement): boolean =>
  source === KUBERNETES_SOURCE || source === ANY_SOURCE;
