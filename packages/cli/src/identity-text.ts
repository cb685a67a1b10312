/** What `waggle identity` and `waggle ip` print. */
import type { Identity, IdentityEndpoints, IPListEntry } from '@waggle/agent/client';
import { fitTable } from './table.ts';

const NONE = 'no such identities\n';

export const identityListText = (identities: readonly Identity[], width: number): string =>
  identities.length === 0
    ? NONE
    : fitTable(
        ['ID', 'LABELS'],
        identities.map(({ id, labels }) => [id, labels.join(' ')]),
        width,
      );

/** Those of endpoints, with how many have them. */
export const usedIdentityListText = (used: readonly IdentityEndpoints[], width: number): string =>
  used.length === 0
    ? NONE
    : fitTable(
        ['ID', 'ENDPOINTS', 'LABELS'],
        used.map(({ identity, refCount }) => [identity.id, refCount, identity.labels.join(' ')]),
        width,
      );

export const identityText = ({ id, labels }: Identity): string =>
  `identity ${id}\n${labels.map((label) => `  ${label}\n`).join('')}`;

/** Prefixes, who is there by number and labels, and who says so. */
export function addressListText(
  entries: readonly IPListEntry[],
  identities: readonly Identity[],
  width: number,
): string {
  if (entries.length === 0) return 'no such addresses\n';
  const labels = new Map(identities.map((identity) => [identity.id, identity.labels.join(' ')]));
  return fitTable(
    ['CIDR', 'IDENTITY', 'LABELS', 'SOURCE', 'NAME'],
    entries.map(({ cidr, identity, metadata }) => [
      cidr,
      identity,
      labels.get(identity) ?? '-',
      metadata.source,
      [metadata.namespace, metadata.name].filter((part) => part !== undefined).join('/') || '-',
    ]),
    width,
  );
}
