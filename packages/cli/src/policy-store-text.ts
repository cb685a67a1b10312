/** What those commands of `waggle policy` print that show what the agent enforces, or have changed it. */
import type { PolicyApplied, PolicyDocuments, SelectorCache } from '@waggle/agent/client';
import type { Style } from './output.ts';
import { yamlText } from './print.ts';
import { factsText, fitTable } from './table.ts';

type Document = PolicyDocuments['documents'][number];

/** What has changed. */
export const appliedText = (applied: PolicyApplied): string =>
  `revision ${applied.revision}: ${countsText(applied)}\n`;

/** `2 added, 1 replaced, 0 unchanged, 0 deleted` */
export const countsText = ({
  added,
  replaced,
  unchanged,
  deleted,
}: Omit<PolicyApplied, 'revision'>): string =>
  `${added} added, ${replaced} replaced, ${unchanged} unchanged, ${deleted} deleted`;

/** A row for each policy. */
export function listingText({ revision, documents }: PolicyDocuments, width: number): string {
  if (documents.length === 0)
    return `revision ${revision}: no policies; everything is allowed unless enforcement is always\n`;
  const rows = documents.map((document) => [
    document.kind,
    nameOf(document),
    document.endpoints,
    document.source,
    document.description ?? '-',
  ]);
  return `revision ${revision}\n\n${fitTable(['KIND', 'NAME', 'ENDPOINTS', 'SOURCE', 'DESCRIPTION'], rows, width)}`;
}

/** One policy: what is known of it, and its text. */
export function documentText({ documents }: PolicyDocuments, style: Style): string {
  return documents
    .map((document) => {
      const facts: [string, string][] = [
        ['labels', document.labels.join(' ') || 'none'],
        ['endpoints', `${document.endpoints} selected`],
        ['source', document.source],
      ];
      const head = `${style.paint('bold', nameOf(document))}  (${document.kind})\n`;
      return `${head}${factsText(facts, style.width)}\n${yamlText(document.rule)}`;
    })
    .join('\n');
}

/** The policies alone, as documents of YAML that can be applied again. */
export const yamlDocuments = ({ documents }: PolicyDocuments): string =>
  documents.map(({ rule }) => yamlText(rule)).join('---\n');

/** Selectors, and whom they select. */
export const selectorsText = (selectors: SelectorCache, width: number): string =>
  selectors.length === 0
    ? 'no rule has a selector\n'
    : fitTable(
        ['SELECTOR', 'USERS', 'IDENTITIES'],
        selectors.map(({ selector, users, identities }) => [selector, users, identities.join(' ') || '-']),
        width,
      );

/** A bare rule has no name; then its labels tell it from others. */
const nameOf = ({ name, namespace, labels }: Document): string =>
  name === undefined
    ? labels.join(' ') || '-'
    : namespace === undefined || namespace === 'default'
      ? name
      : `${namespace}/${name}`;
