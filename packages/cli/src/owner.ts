/** Owners of labels as users write them: names or numbers, and a mode as chmod takes it. */
import { readFileSync } from 'node:fs';
import { describe, nearest, WaggleError } from '@waggle/bpf';
import type { LabelOwner } from '@waggle/steering';

/** Options that say who may register sockets. */
export interface OwnerText {
  readonly owner?: string;
  readonly group?: string;
  readonly mode?: string;
}

/**
 * Reads an owner: root by default, and the owner alone unless there is a group.
 * @throws WaggleError NOT_FOUND for a name that /etc/passwd or /etc/group does not have; MALFORMED for the mode
 */
export function parseOwner({ owner, group, mode }: OwnerText): LabelOwner {
  return {
    uid: owner === undefined ? 0 : idOf('user', '/etc/passwd', owner),
    gid: group === undefined ? 0 : idOf('group', '/etc/group', group),
    mode: parseMode(mode ?? (group === undefined ? '600' : '660')),
  };
}

export const formatMode = (mode: number): string => mode.toString(8).padStart(4, '0');

function idOf(what: string, file: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const ids = new Map<string, number>();
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [name = '', , id] = line.split(':');
    if (name !== '' && id !== undefined) ids.set(name, Number(id));
  }
  const found = ids.get(text);
  if (found !== undefined) return found;
  const meant = nearest(text, ids.keys());
  throw new WaggleError('NOT_FOUND', `there is no ${what} "${text}" in ${file}`, {
    hint: meant === undefined ? 'Numbers are taken, too' : `Did you mean "${meant}"?`,
  });
}

function parseMode(text: string): number {
  const mode = /^0?[0-7]{3}$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
  const classes = [6, 3, 0].map((shift) => (mode >> shift) & 7);
  if (!Number.isNaN(mode) && classes.every((each) => each === 0 || each === 6)) return mode;
  throw new WaggleError('MALFORMED', `${describe(text)} is no mode for a label`, {
    hint: 'Whoever registers sockets reads and writes: use 6 or 0 for the owner, the group and others, as in 0660',
  });
}
