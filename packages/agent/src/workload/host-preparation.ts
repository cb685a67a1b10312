/**
 * What the agent changes about the host itself: kernel parameters of its network namespace, as a plan that can be shown before
 * (`--dry-run`), is remembered with the values of before, and can be undone. What is right already is no part of it.
 *
 * IPv4 is forwarded per device, so that the host does not become a router between its other networks. IPv6 knows only a switch for
 * all devices; throwing it makes the kernel forget default routes that came by router advertisements, unless the device accepts
 * them as a router, too: so that comes first, and is undone last.
 */
import { WaggleError } from '@waggle/bpf';
import { type NetworkNamespace, readSysctl, writeSysctl } from '@waggle/kernel';
import * as z from 'zod';
import type { DocumentKind } from '../state/state-document.ts';

/** One change. `where` is unique among the changes of a host. */
export const HostChange = z.strictObject({
  what: z.literal('sysctl'),
  where: z.string(),
  from: z.string(),
  to: z.string(),
});
export type HostChange = z.infer<typeof HostChange>;

/** The changes of a host as they are remembered: in the order in which they were made. */
export const hostChanges: DocumentKind<HostChange[]> = {
  name: 'host-changes',
  version: 1,
  schema: z.array(HostChange),
};

/** What a host is to be prepared for. */
export interface HostNeeds {
  /** Its ways to the world: names of devices. */
  readonly uplinks: readonly string[];
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

/** The changes that a host needs; none when it is prepared. */
export function planHost(host: NetworkNamespace, { uplinks, ipv4, ipv6 }: HostNeeds): HostChange[] {
  return host.run(() => {
    const wanted: [string, string][] = [];
    for (const uplink of uplinks) {
      if (ipv4) wanted.push([`net/ipv4/conf/${uplink}/forwarding`, '1']);
      const acceptsRoutes = `net/ipv6/conf/${uplink}/accept_ra`;
      // 1: only as long as it does not forward.
      if (ipv6 && readSysctl(acceptsRoutes) === '1') wanted.push([acceptsRoutes, '2']);
    }
    if (ipv6) wanted.push(['net/ipv6/conf/all/forwarding', '1']);
    return wanted.flatMap(([where, to]) => {
      const from = readSysctl(where);
      return from === to ? [] : [{ what: 'sysctl' as const, where, from, to }];
    });
  });
}

/**
 * Makes the changes of a plan, in its order; when one cannot be made, those before it are undone.
 * Remember the plan before: a process that ends in between leaves changes that nobody knows of.
 * @throws KernelError
 */
export function prepareHost(host: NetworkNamespace, plan: readonly HostChange[]): void {
  const made: HostChange[] = [];
  host.run(() => {
    try {
      for (const change of plan) {
        writeSysctl(change.where, change.to);
        made.push(change);
      }
    } catch (error) {
      for (const { where, from } of made.reverse()) writeSysctl(where, from);
      throw error;
    }
  });
}

/** The changes to remember: those of before, then those of a plan that are new. The values of before are those of the first time. */
export function mergeChanges(before: readonly HostChange[], plan: readonly HostChange[]): HostChange[] {
  const known = new Set(before.map(({ where }) => where));
  return [...before, ...plan.filter(({ where }) => !known.has(where))];
}

/**
 * Undoes changes, the last first. What somebody else has changed since stays as it is, and what is gone with its device is fine.
 * @returns those that were undone.
 */
export function restoreHost(host: NetworkNamespace, changes: readonly HostChange[]): HostChange[] {
  const undone: HostChange[] = [];
  host.run(() => {
    for (const change of changes.toReversed()) {
      try {
        if (readSysctl(change.where) !== change.to) continue;
        writeSysctl(change.where, change.from);
        undone.push(change);
      } catch (error) {
        if (!(error instanceof WaggleError && error.code === 'NOT_FOUND')) throw error;
      }
    }
  });
  return undone;
}
