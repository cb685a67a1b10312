/**
 * Label selectors as documents write them: matchLabels and matchExpressions, with the source of a label before its key
 * (`k8s:app`). Keys and values are checked as Kubernetes does.
 */
import type { Part } from '../documents/part.ts';
import { ANY_SOURCE, parseLabelKey } from '../labels/label.ts';
import type { LabelSelector, Operator, Requirement } from '../labels/selector.ts';

/** How the keys of a selector become sources and keys of labels. */
export type KeyReader = (text: string) => { readonly source: string; readonly key: string };

/** Keys with a source of their own, or of any source. */
export const anySource: KeyReader = (text) => parseLabelKey(text, ANY_SOURCE);

const OPERATORS: Readonly<Record<string, Operator>> = {
  In: 'in',
  NotIn: 'notIn',
  Exists: 'exists',
  DoesNotExist: 'doesNotExist',
};

const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const PREFIX = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/**
 * Reads a label selector.
 *
 * @param part - `{ matchLabels, matchExpressions }`; an empty map selects everything.
 * @param readKey - What the keys mean.
 */
export function readSelector(part: Part, readKey: KeyReader = anySource): LabelSelector | undefined {
  const fields = part.fields(['matchLabels', 'matchExpressions']);
  if (fields === undefined) return undefined;
  const labels = fields.get('matchLabels')?.entries() ?? [];
  const expressions = fields.get('matchExpressions')?.list((item) => readExpression(item, readKey)) ?? [];
  return {
    requirements: [...labels.flatMap(([key, value]) => readLabel(key, value, readKey) ?? []), ...expressions],
  };
}

function readLabel(text: string, part: Part, readKey: KeyReader): Requirement | undefined {
  const key = checkKey(text, part, readKey);
  // `reserved:host:` without a value is a label with the empty value.
  const { node } = part;
  const value = node.kind === 'scalar' && node.value === null ? '' : checkValue(part);
  if (key === undefined || value === undefined) return undefined;
  return { ...key, operator: 'in', values: [value] };
}

function readExpression(part: Part, readKey: KeyReader): Requirement | undefined {
  const fields = part.fields(['key', 'operator', 'values']);
  if (fields === undefined) return undefined;
  const keyPart = fields.need('key');
  const text = keyPart?.text();
  const key = keyPart && text !== undefined ? checkKey(text, keyPart, readKey) : undefined;
  const name = fields.need('operator')?.oneOf(Object.keys(OPERATORS));
  const operator = name === undefined ? undefined : OPERATORS[name];
  const list = fields.get('values');
  const values = list?.list(checkValue) ?? [];
  if (operator === undefined) return undefined;
  const takesValues = operator === 'in' || operator === 'notIn';
  const hasValues = list !== undefined && !(list.node.kind === 'list' && list.node.items.length === 0);
  if (takesValues && !hasValues) return part.refuse(`The operator ${name} needs at least one of "values".`);
  if (!takesValues && hasValues) return list.refuse(`The operator ${name} takes no values.`);
  return key && { ...key, operator, values };
}

function checkKey(text: string, part: Part, readKey: KeyReader): { source: string; key: string } | undefined {
  const { source, key } = readKey(text);
  const slash = key.lastIndexOf('/');
  const prefix = key.slice(0, Math.max(0, slash));
  const name = key.slice(slash + 1);
  const prefixFits = slash === -1 || (prefix.length <= 253 && PREFIX.test(prefix));
  if (prefixFits && name.length <= 63 && NAME.test(name)) return { source, key };
  return part.refuse(
    `${JSON.stringify(text)} is no key of a label.`,
    'Allowed: letters, digits, "-", "_" and ".", at most 63, a letter or digit first and last; before it, if wanted, a domain name and "/"; before that, if wanted, a source and ":".',
  );
}

function checkValue(part: Part): string | undefined {
  const text = part.text();
  if (text === undefined || text === '') return text;
  if (text.length <= 63 && NAME.test(text)) return text;
  return part.refuse(
    `${JSON.stringify(text)} is no value of a label.`,
    'Allowed: nothing, or at most 63 letters, digits, "-", "_" and ".", a letter or digit first and last.',
  );
}
