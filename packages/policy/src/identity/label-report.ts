/**
 * The label report: what each label key does to the number of identities, and whether any rule asks for it. A key with many
 * values that no rule uses makes policy maps large for nothing.
 */
import { ANY_SOURCE, formatLabel, type Label, sortLabels } from '../labels/label.ts';
import type { LabelSelector, Requirement } from '../labels/selector.ts';
import type { Peer, Rule } from '../rules/rule.ts';

/** What is known of one key. */
export interface LabelUse {
  readonly source: string;
  readonly key: string;
  /** How many endpoints have it, and how many values it has among them. */
  readonly endpoints: number;
  readonly values: number;
  /** How many identities fewer there would be without it. */
  readonly identitiesAdded: number;
  /** How many rules ask for it, of their subjects or of their peers. */
  readonly rules: number;
}

/** See the head of this file. */
export interface LabelReport {
  readonly endpoints: number;
  readonly identities: number;
  /** The keys that add the most identities come first. */
  readonly labels: readonly LabelUse[];
}

/**
 * Reports on the labels of endpoints.
 *
 * @param endpoints - With the labels that their identities are made of.
 */
export function labelReport(
  endpoints: readonly { readonly labels: readonly Label[] }[],
  rules: readonly Rule[],
): LabelReport {
  const requirements = rules.map(requirementsOf);
  const identities = countIdentities(endpoints, () => true);
  const byName = new Map<string, { label: Label; endpoints: number; values: Set<string> }>();
  for (const { labels } of endpoints) {
    for (const label of labels) {
      const name = `${label.source}:${label.key}`;
      const use = byName.get(name) ?? { label, endpoints: 0, values: new Set() };
      use.endpoints += 1;
      use.values.add(label.value);
      byName.set(name, use);
    }
  }
  const labels = [...byName.values()].map(({ label: { source, key }, endpoints: count, values }) => ({
    source,
    key,
    endpoints: count,
    values: values.size,
    identitiesAdded:
      identities - countIdentities(endpoints, (label) => label.source !== source || label.key !== key),
    rules: requirements.filter((all) => all.some((each) => asksFor(each, source, key))).length,
  }));
  return {
    endpoints: endpoints.length,
    identities,
    labels: labels.sort(
      (a, b) => b.identitiesAdded - a.identitiesAdded || b.values - a.values || (a.key < b.key ? -1 : 1),
    ),
  };
}

const countIdentities = (
  endpoints: readonly { readonly labels: readonly Label[] }[],
  keep: (label: Label) => boolean,
): number =>
  new Set(endpoints.map(({ labels }) => sortLabels(labels.filter(keep)).map(formatLabel).join(';'))).size;

const asksFor = (requirement: Requirement, source: string, key: string): boolean =>
  requirement.key === key && (requirement.source === ANY_SOURCE || requirement.source === source);

/** All that a rule asks of labels of endpoints and nodes. */
export function requirementsOf(rule: Rule): Requirement[] {
  const elements = [...(rule.ingress?.elements ?? []), ...(rule.egress?.elements ?? [])];
  const selectors = elements.flatMap(({ peers = [], requires = [] }) => [
    ...peers.flatMap(selectorOf),
    ...requires,
  ]);
  return [rule.subject.selector, ...selectors].flatMap(({ requirements }) => requirements);
}

const selectorOf = (peer: Peer): LabelSelector[] =>
  peer.kind === 'endpoints' || peer.kind === 'nodes' ? [peer.selector] : [];
