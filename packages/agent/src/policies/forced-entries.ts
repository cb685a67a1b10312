/** What the policy map gets of what the engine computed. */
import type { PolicyEntry } from '@waggle/policy';

/** An entry for the datapath. */
export interface ForcedEntry
  extends Pick<PolicyEntry, 'direction' | 'identity' | 'protocol' | 'port' | 'portPrefix' | 'audit'> {
  readonly action: 'allow' | 'deny';
  /** Of the rule element that decided; 0: a default. */
  readonly cookie: number;
}

/**
 * The entries that are put in force.
 *
 * There is no proxy yet that could look into what is redirected: to let it pass unseen would be more than rules allow, so it is
 * denied.
 *
 * @param audit - Let everything pass, and mark what would have been dropped.
 */
export function forcedEntries(entries: readonly PolicyEntry[], audit: boolean): ForcedEntry[] {
  const forced = entries.map(({ direction, identity, protocol, port, portPrefix, ...entry }): ForcedEntry => {
    const allowed = entry.action === 'allow';
    return {
      direction,
      identity,
      protocol,
      port,
      portPrefix,
      action: allowed || audit ? 'allow' : 'deny',
      audit: entry.audit || (audit && !allowed),
      cookie: entry.cookies[0] ?? 0,
    };
  });
  if (!audit) return forced;
  for (const direction of ['ingress', 'egress'] as const) {
    const all = { direction, identity: 0, protocol: 0, port: 0, portPrefix: 0 };
    const isThere = forced.some(
      (entry) => entry.direction === direction && entry.identity === 0 && entry.protocol === 0,
    );
    if (!isThere) forced.push({ ...all, action: 'allow', audit: true, cookie: 0 });
  }
  return forced;
}

/** Whether traffic is denied for want of a proxy. */
export const needsProxy = (entries: readonly PolicyEntry[]): boolean =>
  entries.some(({ action }) => action === 'redirect');
