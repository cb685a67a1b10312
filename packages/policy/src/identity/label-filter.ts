/**
 * The label filter: which of an endpoint's labels are part of its identity. Labels that differ from instance to instance (hashes
 * of templates, names of pods) would make an identity of each endpoint, and no policy speaks of them.
 *
 * A rule is an expression for the beginning of keys, of one source or of all; `!` before it leaves labels out. Of the rules that
 * fit a label the longest match among those that take it in must be longer than the shortest among those that leave it out. Where
 * the user names labels to take in, all others are left out.
 */
import { WaggleError } from '@waggle/bpf';
import { ANY_SOURCE, type Label, NAMESPACE_KEY, NAMESPACE_LABELS_PREFIX } from '../labels/label.ts';

interface FilterRule {
  readonly source: string;
  readonly expression: RegExp;
  readonly leavesOut: boolean;
}

/** The rules that always hold, in the form in which users write theirs. */
export const DEFAULT_LABEL_RULES: readonly string[] = [
  'reserved:.*',
  NAMESPACE_KEY.replaceAll('.', '\\.'),
  `${NAMESPACE_LABELS_PREFIX.replaceAll('.', '\\.')}.*`,
  'app\\.kubernetes\\.io/',
  '!io\\.kubernetes',
  '!kubernetes\\.io',
  '!.*\\.kubernetes\\.io',
  '!k8s\\.io',
  '!pod-template-generation',
  '!pod-template-hash',
  '!controller-revision-hash',
  '!annotation.*',
  '!etcd_node',
];

/** See the head of this file. */
export class LabelFilter {
  readonly #rules: readonly FilterRule[];
  /** Whether only what is taken in by name is. */
  readonly #onlyNamed: boolean;

  /**
   * @param rules - The user's: `[!][SOURCE:]EXPRESSION`, as `k8s:app`, `!k8s:release-.*`.
   * @throws {@link WaggleError} MALFORMED for an expression that is none.
   */
  constructor(rules: readonly string[] = []) {
    const own = rules.map(parseRule);
    this.#rules = [...DEFAULT_LABEL_RULES.map(parseRule), ...own];
    this.#onlyNamed = own.some(({ leavesOut }) => !leavesOut);
  }

  /** Whether a label is part of identities. */
  isRelevant(label: Label): boolean {
    let taken = 0;
    let leftOut = 0;
    for (const { source, expression, leavesOut } of this.#rules) {
      if (source !== ANY_SOURCE && source !== label.source) continue;
      const length = expression.exec(label.key)?.[0].length ?? 0;
      if (length === 0) continue;
      if (!leavesOut) taken = Math.max(taken, length);
      else if (leftOut === 0 || length < leftOut) leftOut = length;
    }
    return (!this.#onlyNamed || taken > 0) && (leftOut === 0 || taken > leftOut);
  }

  /** The labels that are part of the identity, and the others, which only inform. */
  split(labels: readonly Label[]): { readonly identity: Label[]; readonly information: Label[] } {
    const identity = labels.filter((label) => this.isRelevant(label));
    return { identity, information: labels.filter((label) => !identity.includes(label)) };
  }
}

function parseRule(text: string): FilterRule {
  const leavesOut = text.startsWith('!');
  const [, source = ANY_SOURCE, pattern = ''] =
    /^(?:([\w-]*):)?(.*)$/.exec(leavesOut ? text.slice(1) : text) ?? [];
  try {
    if (pattern === '') throw new Error('it is empty');
    return { source: source || ANY_SOURCE, expression: new RegExp(`^(?:${pattern})`), leavesOut };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WaggleError(
      'MALFORMED',
      `The label rule ${JSON.stringify(text)} has no valid expression: ${why}.`,
      {
        hint: 'A rule is [!][SOURCE:]EXPRESSION, as k8s:app or !k8s:release-.*',
        cause,
      },
    );
  }
}
