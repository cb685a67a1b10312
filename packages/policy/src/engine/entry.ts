/**
 * Entries: what stands in an endpoint's policy map. The kernel looks for a packet's peer, protocol and port in this order and
 * takes the first entry it finds:
 *   1. the peer's entries with a protocol, longest port prefix first   (L3 and L4)
 *   2. those of any identity with a protocol, longest prefix first     (L4)
 *   3. the peer's entry for all protocols                              (L3)
 *   4. the entry for all                                               (any)
 * and drops it if there is none. That deny beats allow however specific is seen to when the entries are made.
 */
import type { Authentication, Direction } from '../rules/rule.ts';

/** Deny, redirect, allow: of entries for the same key, the higher wins. A listener's priority lies between. */
export const PRECEDENCE = { deny: 255, redirect: 128, allow: 1 } as const;

/** The key of an entry. Ports come as prefixes: a range of ports takes several entries. */
export interface EntryKey {
  readonly direction: Direction;
  /** The peer; 0: any. */
  readonly identity: number;
  /** IANA's number; 0: any, then also any port. */
  readonly protocol: number;
  /** In host byte order; for ICMP the type. Bits beyond the prefix are 0. */
  readonly port: number;
  /** How many leading bits of the port count: 16 for one port, 0 for all. */
  readonly portPrefix: number;
}

/** To whom a redirect goes: a parser (`http`, `dns`, …) or a listener by name. */
export interface Redirect {
  readonly parser: string;
  /** `KIND/CONFIG/NAME` of a listener of one's own. */
  readonly listener?: string;
}

/** An entry. */
export interface PolicyEntry extends EntryKey {
  readonly action: 'allow' | 'deny' | 'redirect';
  /** Only with `redirect`. */
  readonly redirect?: Redirect;
  /** Allowed, yet rules in audit mode would drop it: reported as such. */
  readonly audit: boolean;
  readonly authentication?: Authentication;
  readonly precedence: number;
  /** The rule elements that made this entry, ascending; see PolicyRepository.rulesOf(). Empty: a default of waggle's own. */
  readonly cookies: readonly number[];
}
