/**
 * What happens in a network namespace, as the kernel announces it: `network.watch(['links'], …)`. Events say what an
 * object is like now, or that it is gone; when too many came at once, some are lost and the watcher is told, and should
 * list anew what it depends on.
 */
import { decodeFdbEntry, type FdbEntry } from './fdb.ts';
import { decodeInterfaceAddress, type InterfaceAddress } from './interface-addresses.ts';
import { decodeLink, type Link } from './link.ts';
import { decodeNeighbour, type Neighbour } from './neighbours.ts';
import type { Message } from './netlink-message.ts';
import { decodeRoute, type Route } from './route.ts';
import { decodeRule, type Rule } from './rules.ts';

/** What can be watched, and the multicast groups that it takes (enum rtnetlink_groups). */
export const topicGroups = {
  links: [1],
  addresses: [5, 9],
  routes: [7, 11],
  rules: [8, 19],
  /** Neighbours and the entries of forwarding databases. */
  neighbours: [3],
} as const;
export type Topic = keyof typeof topicGroups;

/** `set`: it is new, or has changed. */
export type Change = 'set' | 'delete';

/** One event. */
export type NetworkEvent =
  | { readonly subject: 'link'; readonly change: Change; readonly link: Link }
  | { readonly subject: 'address'; readonly change: Change; readonly address: InterfaceAddress }
  | { readonly subject: 'route'; readonly change: Change; readonly route: Route }
  | { readonly subject: 'rule'; readonly change: Change; readonly rule: Rule }
  | { readonly subject: 'neighbour'; readonly change: Change; readonly neighbour: Neighbour }
  | { readonly subject: 'fdb'; readonly change: Change; readonly entry: FdbEntry }
  /** The kernel had to drop events. */
  | { readonly subject: 'lost' };

/**
 * Reads an announcement; undefined for one that is not about anything above.
 * @throws WaggleError MALFORMED
 */
export function decodeEvent({ type, payload }: Message): NetworkEvent | undefined {
  // RTM_* come in fours: NEW, DEL, GET, SET.
  const change = type % 4 === 0 ? 'set' : 'delete';
  switch (type - (type % 4)) {
    case 16:
      // A bridge announces its ports as links of its own family, with next to nothing about the device.
      return payload[0] === 0 ? { subject: 'link', change, link: decodeLink(payload) } : undefined;
    case 20: {
      const address = decodeInterfaceAddress(payload);
      return address && { subject: 'address', change, address };
    }
    case 24: {
      const route = decodeRoute(payload);
      return route && { subject: 'route', change, route };
    }
    case 28: {
      const neighbour = decodeNeighbour(payload);
      if (neighbour !== undefined) return { subject: 'neighbour', change, neighbour };
      const entry = decodeFdbEntry(payload);
      return entry && { subject: 'fdb', change, entry };
    }
    case 32: {
      const rule = decodeRule(payload);
      return rule && { subject: 'rule', change, rule };
    }
    default:
      return undefined;
  }
}
