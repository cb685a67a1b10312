/**
 * The policies of this host by the documents that they stand in: who brought them (somebody by the API, or a file of the watched
 * directory), what takes the place of what, and the texts, word for word, so that they can be shown and kept.
 */
import { createHash } from 'node:crypto';
import { WaggleError } from '@waggle/bpf';
import {
  formatLabel,
  hasLabels,
  type Label,
  type PolicyDocument,
  type PolicyRepository,
  parseLabel,
  parsePolicies,
  type Rule,
} from '@waggle/policy';
import type { PolicyApplied, RuleListing } from '../control.ts';

/** What brought a document: the API, or a file. */
export type PolicySource = 'api' | { readonly file: string };

/** A text that policies came in, and which of its documents still count. */
interface HeldText {
  readonly source: PolicySource;
  readonly text: string;
  readonly file?: string;
  readonly namespace?: string;
  readonly live: Map<number, HeldDocument>;
}

interface HeldDocument {
  readonly key: string;
  /** Of its content. */
  readonly hash: string;
  readonly document: PolicyDocument;
  readonly text: HeldText;
}

/** The texts that came by the API, as the store has them. */
export interface SavedText {
  readonly text: string;
  readonly file?: string | undefined;
  readonly namespace?: string | undefined;
  /** Of its documents, those that count. */
  readonly documents: number[];
}

export interface ApplyOptions {
  readonly file?: string;
  readonly namespace?: string;
  readonly replace?: boolean;
  readonly replaceLabels?: readonly string[];
}

/** What is to be done. */
interface Plan {
  readonly remove: readonly HeldDocument[];
  readonly add: readonly HeldDocument[];
}

type Counts = Omit<PolicyApplied, 'revision'>;

/** See the head of this file. */
export class PolicyBook {
  #repository: PolicyRepository;
  #texts: HeldText[] = [];

  constructor(repository: PolicyRepository) {
    this.#repository = repository;
  }

  /**
   * Takes a text.
   * @throws PolicyFileError with all problems of the text; WaggleError EXISTS for a resource that a file of the watched directory
   *   has. Nothing has changed then.
   */
  apply(text: string, options: ApplyOptions = {}): Counts {
    const taken = this.#read(text, 'api', options);
    for (const { key, document } of taken) {
      const other = this.#find(key, (source) => source !== 'api');
      if (other && other.text.source !== 'api') {
        throw new WaggleError(
          'EXISTS',
          `${nameOf(document)} comes from the file ${other.text.source.file}.`,
          {
            hint: 'Change it there: the file would win at once',
          },
        );
      }
    }
    const wanted = options.replaceLabels?.map((label) => parseLabel(label)) ?? [];
    const replaced = (held: HeldDocument): boolean =>
      options.replace === true ||
      taken.some(({ key }) => key === held.key) ||
      (wanted.length > 0 && held.document.rules.some((rule) => hasLabels(rule.labels, wanted)));
    const before = this.#documents().filter(({ text: { source } }) => source === 'api');
    return this.#exchange(before.filter(replaced), taken);
  }

  /** The files of the watched directory as they are now; what is no longer there goes. */
  setDirectory(files: ReadonlyMap<string, string>): Counts {
    const taken = [...files].flatMap(([file, text]) => this.#read(text, { file }, { file }));
    const seen = new Map<string, HeldDocument>();
    for (const held of taken) {
      const other = seen.get(held.key);
      if (other && held.document.name !== undefined) {
        throw new WaggleError(
          'EXISTS',
          `${nameOf(held.document)} is in two files: ${other.text.file} and ${held.text.file}.`,
        );
      }
      seen.set(held.key, held);
    }
    const before = this.#documents().filter(
      (held) => held.text.source !== 'api' || (held.document.name !== undefined && seen.has(held.key)),
    );
    return this.#exchange(before, taken);
  }

  /** Deletes documents of the API whose rules have all these labels; without labels all of them. */
  deleteLabelled(labels: readonly Label[]): Counts {
    const found = this.#documents().filter(
      ({ text, document }) =>
        text.source === 'api' &&
        (labels.length === 0 || document.rules.some((rule) => hasLabels(rule.labels, labels))),
    );
    return this.#exchange(found, []);
  }

  /** @throws WaggleError NOT_FOUND, DENIED for one that comes from a file, AMBIGUOUS when there are several. */
  deleteNamed({ kind, namespace, name }: { kind?: string; namespace?: string; name: string }): Counts {
    const found = this.#documents().filter(
      ({ document }) =>
        document.name === name &&
        (kind === undefined || document.kind === kind) &&
        (namespace === undefined || document.namespace === namespace),
    );
    const [first] = found;
    const what = `policy ${namespace === undefined ? '' : `${namespace}/`}${name}`;
    if (!first) throw new WaggleError('NOT_FOUND', `There is no ${what}.`);
    if (found.length > 1) {
      throw new WaggleError('MALFORMED', `There are ${found.length} policies ${name}.`, {
        hint: `Say which: ${found.map(({ document }) => nameOf(document)).join(', ')}`,
      });
    }
    if (first.text.source !== 'api') {
      throw new WaggleError('DENIED', `The ${what} comes from the file ${first.text.source.file}.`, {
        hint: 'Delete it there',
      });
    }
    return this.#exchange(found, []);
  }

  /** The rules that have all these labels, as they were written. */
  list(labels: readonly Label[], endpointsOf: (rule: Rule) => number): RuleListing[] {
    return this.#texts.flatMap((text) => {
      const wanted = [...text.live].filter(
        ([, { document }]) =>
          labels.length === 0 || document.rules.some((rule) => hasLabels(rule.labels, labels)),
      );
      if (wanted.length === 0) return [];
      const { documents } = parsePolicies(text.text, { ...parseOptions(text), values: true });
      return wanted.map(([index, { document }]) => ({
        rule: documents[index]?.value,
        labels: [...new Set(document.rules.flatMap((rule) => rule.labels.map(formatLabel)))],
        kind: document.kind,
        ...(document.name !== undefined && { name: document.name }),
        ...(document.namespace !== undefined && { namespace: document.namespace }),
        source: text.source === 'api' ? 'api' : text.source.file,
        ...(document.rules[0]?.description !== undefined && { description: document.rules[0].description }),
        endpoints: document.rules.reduce((sum, rule) => sum + endpointsOf(rule), 0),
      }));
    });
  }

  /** How many rules there are. */
  get ruleCount(): number {
    return this.#documents().reduce((sum, { document }) => sum + document.rules.length, 0);
  }

  /** What the store has to keep: what came by the API. */
  save(): SavedText[] {
    return this.#texts
      .filter(({ source }) => source === 'api')
      .map(({ text, file, namespace, live }) => ({ text, file, namespace, documents: [...live.keys()] }));
  }

  /** Takes what the store has kept. */
  restore(saved: readonly SavedText[]): void {
    for (const { text, file, namespace, documents } of saved) {
      const options = { ...(file !== undefined && { file }), ...(namespace !== undefined && { namespace }) };
      const all = this.#read(text, 'api', options);
      this.#exchange(
        [],
        all.filter((_, index) => documents.includes(index)),
      );
    }
  }

  /** Tells another repository what this one knew. */
  moveTo(repository: PolicyRepository): void {
    this.#repository = repository;
    this.#put([], this.#documents());
  }

  #documents(): HeldDocument[] {
    return this.#texts.flatMap(({ live }) => [...live.values()]);
  }

  #find(key: string, where: (source: PolicySource) => boolean): HeldDocument | undefined {
    return this.#documents().find((held) => held.key === key && where(held.text.source));
  }

  /** Reads a text; its documents count only when they are exchanged for others. */
  #read(text: string, source: PolicySource, options: ApplyOptions): HeldDocument[] {
    const { file, namespace } = options;
    const held: HeldText = {
      source,
      text,
      ...(file !== undefined && { file }),
      ...(namespace !== undefined && { namespace }),
      live: new Map(),
    };
    const { documents } = parsePolicies(text, { ...parseOptions(held), values: true });
    return documents.map(({ value, ...document }, index) => {
      const hash = hashOf(value);
      const entry = { key: keyOf(document, hash), hash, document, text: held };
      held.live.set(index, entry);
      return entry;
    });
  }

  #exchange(before: readonly HeldDocument[], after: readonly HeldDocument[]): Counts {
    const plan = planOf(before, after);
    this.#put(plan.remove, plan.add);
    const gone = new Set(plan.remove);
    const come = new Set(plan.add);
    const stays = new Set(before.filter((held) => !gone.has(held)));
    for (const { live } of this.#texts) {
      for (const [index, held] of live) if (gone.has(held)) live.delete(index);
    }
    for (const text of new Set(after.map((held) => held.text))) {
      // Where nothing has changed, what is in force stays, with the text that it came in.
      for (const [index, held] of text.live) if (!come.has(held)) text.live.delete(index);
      this.#texts.push(text);
    }
    this.#texts = this.#texts.filter(({ live }) => live.size > 0);
    const replaced = plan.add.filter(({ key }) => plan.remove.some((held) => held.key === key)).length;
    const sameContent = plan.add.filter((held) =>
      plan.remove.some(({ key, hash }) => key === held.key && hash === held.hash),
    ).length;
    return {
      added: plan.add.length - replaced,
      replaced: replaced - sameContent,
      unchanged: stays.size + sameContent,
      deleted: plan.remove.length - replaced,
    };
  }

  #put(remove: readonly HeldDocument[], add: readonly HeldDocument[]): void {
    const rules = (list: readonly HeldDocument[]): Rule[] => list.flatMap(({ document }) => document.rules);
    // First, because it may throw.
    this.#repository.exchange(rules(remove), rules(add));
    const kept = new Set(add.map(({ document }) => document.cidrGroup?.name));
    for (const { document } of remove) {
      const { cidrGroup } = document;
      if (cidrGroup && !kept.has(cidrGroup.name)) this.#repository.removeCidrGroup(cidrGroup.name);
    }
    for (const { document } of add) {
      if (document.cidrGroup) this.#repository.setCidrGroup(document.cidrGroup);
    }
  }
}

/** Documents that are the same, at the same place, stay as they are. */
function planOf(before: readonly HeldDocument[], after: readonly HeldDocument[]): Plan {
  const same = new Map<string, HeldDocument[]>();
  for (const held of before) {
    const identity = identityOf(held);
    same.set(identity, [...(same.get(identity) ?? []), held]);
  }
  const stays = new Set<HeldDocument>();
  const add = after.filter((held) => {
    const twin = same.get(identityOf(held))?.shift();
    if (twin) stays.add(twin);
    return !twin;
  });
  return { remove: before.filter((held) => !stays.has(held)), add };
}

const identityOf = ({ key, hash, document, text }: HeldDocument): string =>
  JSON.stringify([key, hash, document.place.file, document.place.line, text.source]);

/** Resources are one when they have the same kind and name; bare rules when they have the same labels, or the same content. */
function keyOf({ kind, namespace, name, rules }: Omit<PolicyDocument, 'value'>, hash: string): string {
  if (name !== undefined) return JSON.stringify([kind, namespace, name]);
  const labels = rules.flatMap((rule) => rule.labels.map(formatLabel));
  return JSON.stringify([kind, labels.length > 0 ? labels.sort() : hash]);
}

const parseOptions = ({ file, namespace }: HeldText) => ({
  ...(file !== undefined && { file }),
  ...(namespace !== undefined && { namespace }),
});

const hashOf = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

const nameOf = ({ kind, namespace, name }: PolicyDocument): string =>
  `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name ?? '(without a name)'}`;
