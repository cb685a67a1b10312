/** Kinds of messages of ICMPv6: those that tell of a link and say nothing about a connection. */
import type { bool, u8 } from '@waggle/bpf';

/** A router says who is the better one to ask (RFC 4861, 4.5). */
export const REDIRECT = 137;

/** Routers and neighbours on a link ask and tell who they are (RFC 4861). */
export function isAboutNeighbours(type: u8): bool {
  return type >= 133 && type <= 136;
}

/** Who listens to a group (RFC 2710, RFC 3810). */
export function isAboutGroups(type: u8): bool {
  return (type >= 130 && type <= 132) || type === 143;
}
