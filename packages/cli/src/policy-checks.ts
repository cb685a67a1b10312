/** What can be wrong with policies that are valid each for itself: two parsers on one port, and labels that nobody has. */
import { nearest } from '@waggle/bpf';
import {
  type ExplainedConflict,
  explain,
  formatReference,
  formatRequirement,
  type Identity,
  type Label,
  meets,
  type PolicyRepository,
  RESERVED_SOURCE,
  type Requirement,
  type Rule,
  requirementsOf,
  ruleName,
} from '@waggle/policy';

/** Numbers for endpoints that are only thought of. */
const IMAGINED = 1 << 25;

/**
 * The ports for which two rules ask for different parsers, each pair of rules once.
 *
 * @param endpoints - Whose policies are looked at; without them one is thought of for each rule, with the labels that it asks for.
 */
export function findConflicts(
  repository: PolicyRepository,
  endpoints: readonly Identity[] = imagined(repository),
): ExplainedConflict[] {
  const found = new Map<string, ExplainedConflict>();
  for (const { id } of endpoints) {
    for (const conflict of explain(repository, id).conflicts) {
      const key = JSON.stringify([conflict.ports, conflict.rules.map(({ cookie }) => cookie)]);
      found.set(key, conflict);
    }
  }
  return [...found.values()];
}

function imagined(repository: PolicyRepository): Identity[] {
  const redirecting = repository.rules().filter(hasParser);
  return redirecting.map(({ subject }, index) => {
    const labels = subject.selector.requirements.flatMap(labelFor);
    const identity = { id: IMAGINED + index, labels };
    repository.setIdentity(identity);
    return identity;
  });
}

const hasParser = ({ ingress, egress }: Rule): boolean =>
  [ingress, egress].some((section) => section?.elements.some(({ ports }) => ports?.some(({ l7 }) => l7)));

const labelFor = ({ source, key, operator, values }: Requirement): Label[] => {
  if (operator !== 'in' && operator !== 'exists') return [];
  return [{ source: source === 'any' ? 'k8s' : source, key, value: values[0] ?? '' }];
};

/** A requirement that no endpoint meets, and the rules that have it. */
export interface UnmetRequirement {
  readonly requirement: string;
  /** `NAME (FILE:LINE)`. */
  readonly rules: readonly string[];
  /** The label that may have been meant. */
  readonly meant?: string;
}

/** What rules ask of labels, and no endpoint has. */
export function unmetRequirements(
  rules: readonly Rule[],
  endpoints: readonly Identity[],
): UnmetRequirement[] {
  const asked = new Map<string, { requirement: Requirement; rules: Set<string> }>();
  for (const rule of rules) {
    const reference = formatReference({ name: ruleName(rule), place: rule.origin });
    for (const requirement of requirementsOf(rule)) {
      const { operator, source } = requirement;
      if ((operator !== 'in' && operator !== 'exists') || source === RESERVED_SOURCE) continue;
      const text = formatRequirement(requirement);
      const known = asked.get(text) ?? { requirement, rules: new Set() };
      known.rules.add(reference);
      asked.set(text, known);
    }
  }
  const unmet = [...asked].filter(
    ([, { requirement }]) => !endpoints.some(({ labels }) => meets(requirement, labels)),
  );
  return unmet.map(([text, { requirement, rules: asking }]) => {
    const meant = meantBy(requirement, endpoints);
    return { requirement: text, rules: [...asking], ...(meant !== undefined && { meant }) };
  });
}

/** The label that is nearest to what was asked for. */
function meantBy({ key, values }: Requirement, endpoints: readonly Identity[]): string | undefined {
  const labels = endpoints.flatMap((endpoint) => endpoint.labels);
  const sameKey = labels.filter((label) => label.key === key).map(({ value }) => value);
  const [wanted] = values;
  if (wanted !== undefined && sameKey.length > 0) {
    const value = nearest(wanted, new Set(sameKey));
    return value === undefined ? undefined : `${key}=${value}`;
  }
  return sameKey.length > 0 ? undefined : nearest(key, new Set(labels.map((label) => label.key)));
}
