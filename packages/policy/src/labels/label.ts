/**
 * Labels: what endpoints are called by. A label is `source:key=value`: the source says who gave it (`k8s`, `container`,
 * `reserved`, `cidr`, `fqdn`, …), and in a selector the source `any` stands for all of them.
 */
import { WaggleError } from '@waggle/bpf';

/** One label. A label without a value has the empty one. */
export interface Label {
  readonly source: string;
  readonly key: string;
  readonly value: string;
}

/** The source of a label that names none; in a selector, every source. */
export const ANY_SOURCE = 'any';
/** The source of labels that only waggle itself gives: `reserved:host`, `reserved:world`, … */
export const RESERVED_SOURCE = 'reserved';
export const CIDR_SOURCE = 'cidr';
export const FQDN_SOURCE = 'fqdn';
export const KUBERNETES_SOURCE = 'k8s';

/** The label in which an endpoint's Kubernetes namespace is kept. */
export const NAMESPACE_KEY = 'io.kubernetes.pod.namespace';
/** Labels of the namespace itself have this before their own key. */
export const NAMESPACE_LABELS_PREFIX = 'io.cilium.k8s.namespace.labels.';
export const CLUSTER_KEY = 'io.cilium.k8s.policy.cluster';
export const SERVICE_ACCOUNT_KEY = 'io.cilium.k8s.policy.serviceaccount';

/**
 * Reads `source:key=value`, `key=value` or `key`.
 *
 * @param text - The label.
 * @param source - The source of a label that names none.
 * @throws {@link WaggleError} MALFORMED when there is no key.
 */
export function parseLabel(text: string, source: string = ANY_SOURCE): Label {
  const equals = text.indexOf('=');
  const name = equals === -1 ? text : text.slice(0, equals);
  const value = equals === -1 ? '' : text.slice(equals + 1);
  const label = { ...parseLabelKey(name, source), value };
  if (label.key === '') throw new WaggleError('MALFORMED', `The label ${JSON.stringify(text)} has no key.`);
  return label;
}

/**
 * Reads the `source:key` of a label or of a selector's requirement.
 *
 * @param name - The key; what stands before its first colon is the source.
 * @param source - The source where none is named.
 */
export function parseLabelKey(name: string, source: string = ANY_SOURCE): { source: string; key: string } {
  const colon = name.indexOf(':');
  if (colon === 0) return { source, key: name.slice(1) };
  return colon === -1 ? { source, key: name } : { source: name.slice(0, colon), key: name.slice(colon + 1) };
}

/** The text of a label: `source:key=value`, without `=` when there is no value. */
export const formatLabel = ({ source, key, value }: Label): string =>
  value === '' ? `${source}:${key}` : `${source}:${key}=${value}`;

/** Whether all of some labels are among others; one whose source is `any` is found with every source. */
export const hasLabels = (labels: readonly Label[], wanted: readonly Label[]): boolean =>
  wanted.every(({ source, key, value }) =>
    labels.some(
      (label) =>
        label.key === key && label.value === value && (source === ANY_SOURCE || source === label.source),
    ),
  );

/** Labels in one order, each once: two sets of labels are equal when these are. */
export function sortLabels(labels: readonly Label[]): readonly Label[] {
  const byText = new Map(labels.map((label) => [formatLabel(label), label]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, label]) => label);
}
