/** Labels of rules: what they are found, replaced and deleted by. */
import type { Part } from '../documents/part.ts';
import { ANY_SOURCE, KUBERNETES_SOURCE, type Label, parseLabel, parseLabelKey } from '../labels/label.ts';
import type { Origin } from './rule.ts';

const PREFIX = 'io.cilium.k8s.policy.';

/** The labels that rules get from the document that they come from. */
export function originLabels({ kind, name, namespace, uid }: Omit<Origin, 'path'>): Label[] {
  const values = { 'derived-from': kind, name, namespace, uid };
  return Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [{ source: KUBERNETES_SOURCE, key: `${PREFIX}${key}`, value }],
  );
}

/** A label as rules write it: `source:key=value`, or `{ key, value, source }`. */
export function readRuleLabel(part: Part): Label | undefined {
  if (part.node.kind !== 'map') {
    const text = part.word();
    if (text === undefined) return undefined;
    const [name = ''] = text.split('=', 1);
    if (parseLabelKey(name).key !== '') return parseLabel(text);
    return part.refuse(`The label ${JSON.stringify(text)} has no key.`, 'Allowed: as "source:key=value".');
  }
  const fields = part.fields(['key', 'value', 'source']);
  const key = fields?.need('key')?.word();
  const value = fields?.get('value')?.text() ?? '';
  const source = fields?.get('source')?.text() || ANY_SOURCE;
  return key === undefined ? undefined : { source, key, value };
}
