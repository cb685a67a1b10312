/** Labels with some added and some taken away. */
import { WaggleError } from '@waggle/bpf/messages';

/** What to add, as `key=value` or `source:key=value`; what to take away, the same or only the key. */
export interface LabelChange {
  readonly add?: readonly string[];
  readonly delete?: readonly string[];
}

/**
 * The labels after a change. An added label takes the place of one with the same source and key.
 *
 * @throws WaggleError NOT_FOUND for one that is to go and is not there.
 */
export function changeLabels(
  labels: readonly string[],
  { add = [], delete: unwanted = [] }: LabelChange,
): string[] {
  const missing = unwanted.find((text) => !labels.some((label) => isMeant(label, text)));
  if (missing !== undefined) {
    throw new WaggleError('NOT_FOUND', `The endpoint has no label ${missing}`, {
      hint: labels.length === 0 ? 'It has none that can be changed' : `It has ${labels.join(', ')}`,
    });
  }
  const staying = labels.filter(
    (label) => !unwanted.some((text) => isMeant(label, text)) && !add.some((text) => isSameKey(label, text)),
  );
  return [...staying, ...add];
}

/** Whether a label is the one that a user means: the source may be left out, and the value, too. */
export function isMeant(label: string, text: string): boolean {
  const [is, meant] = [partsOf(label), partsOf(text)];
  if (meant.source !== undefined && meant.source !== is.source) return false;
  return is.key === meant.key && (meant.value === undefined || meant.value === is.value);
}

function isSameKey(label: string, text: string): boolean {
  const [is, other] = [partsOf(label), partsOf(text)];
  return is.key === other.key && (is.source ?? USUAL_SOURCE) === (other.source ?? USUAL_SOURCE);
}

/** The source that the agent gives to labels that name none. */
const USUAL_SOURCE = 'k8s';

function partsOf(text: string): { source: string | undefined; key: string; value: string | undefined } {
  const [, source, key = text, value] = /^(?:([^:=]+):)?([^=]*)(?:=(.*))?$/.exec(text) ?? [];
  return { source, key, value };
}
