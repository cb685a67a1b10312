/** The labels of an endpoint: as they are given, as they count for policies, and which of them count for the identity. */
import { WaggleError } from '@waggle/bpf';
import {
  formatLabel,
  KUBERNETES_SOURCE,
  type Label,
  type LabelFilter,
  NAMESPACE_KEY,
  parseLabel,
  RESERVED_SOURCE,
  sortLabels,
} from '@waggle/policy';

const DEFAULT_NAMESPACE = 'default';

/**
 * Reads labels. Those without a source are given that of Kubernetes, so that its policies find them, too.
 * @throws WaggleError MALFORMED for what is no label; DENIED for labels that only waggle gives.
 */
export function readLabels(texts: readonly string[]): Label[] {
  return texts.map((text) => {
    const label = parseLabel(text, KUBERNETES_SOURCE);
    checkCharacters(label);
    if (label.source !== RESERVED_SOURCE && label.source !== 'cidr' && label.source !== 'fqdn') return label;
    throw new WaggleError('DENIED', `The label ${text} cannot be given to an endpoint.`, {
      hint: 'Labels with the sources reserved, cidr and fqdn are given by waggle alone',
    });
  });
}

/** Lists, logs and policies have labels in one line, with spaces between them. Values of containers may have spaces. */
function checkCharacters(label: Label): void {
  const { source, key, value } = label;
  if (!/[\s\p{C}]/u.test(source + key) && !/\p{C}/u.test(value)) return;
  throw new WaggleError('MALFORMED', `${JSON.stringify(formatLabel(label))} is no label.`, {
    hint: 'A label is KEY or KEY=VALUE; a key has no spaces, and neither has control characters',
  });
}

/** The labels that make the identity. Labels of Kubernetes without a namespace are in `default`, as policies are. */
export function identityLabels(labels: readonly Label[], filter: LabelFilter): readonly Label[] {
  const { identity } = filter.split([...labels]);
  const kubernetes = identity.some(({ source }) => source === KUBERNETES_SOURCE);
  const named = identity.some(({ source, key }) => source === KUBERNETES_SOURCE && key === NAMESPACE_KEY);
  if (!kubernetes || named) return sortLabels(identity);
  return sortLabels([
    ...identity,
    { source: KUBERNETES_SOURCE, key: NAMESPACE_KEY, value: DEFAULT_NAMESPACE },
  ]);
}

/**
 * Labels after a change. A label that is added takes the place of the one with its key.
 * @throws WaggleError NOT_FOUND for a label to remove that is not there.
 */
export function changedLabels(
  labels: readonly Label[],
  change: { readonly add: readonly string[]; readonly remove: readonly string[] },
): Label[] {
  const remove = readLabels(change.remove);
  for (const [index, { source, key }] of remove.entries()) {
    if (!labels.some((label) => label.source === source && label.key === key)) {
      throw new WaggleError('NOT_FOUND', `The endpoint has no label ${change.remove[index]}.`);
    }
  }
  const add = readLabels(change.add);
  const gone = [...remove, ...add];
  const kept = labels.filter(
    (label) => !gone.some(({ source, key }) => label.source === source && label.key === key),
  );
  return [...kept, ...add];
}
