/**
 * What an entry says of protocol and ports, in one number: protocol, how many bits of the port count, and these bits. Numbers
 * are ordered by protocol and then from the broad to the narrow, so that whoever walks them in order has seen everything that
 * covers a key before the key itself. Two keys are always nested or apart.
 */

/** See the head of this file. */
export type L4Key = number;

/** All protocols. */
export const ANY_L4: L4Key = 0;

const PREFIX = 1 << 16;
const PROTOCOL = 1 << 21;
const PORT_BITS = 16;

/** The key of a protocol (not 0) and the first `prefix` bits of a port. */
export const l4Key = (protocol: number, port: number, prefix: number): L4Key =>
  protocol * PROTOCOL + prefix * PREFIX + (port & maskOf(prefix));

/** The bits of a port that a prefix leaves. */
const maskOf = (prefix: number): number => (0xffff << (PORT_BITS - prefix)) & 0xffff;

export const protocolOf = (key: L4Key): number => Math.floor(key / PROTOCOL);
export const prefixOf = (key: L4Key): number => Math.floor(key / PREFIX) & 31;
export const portOf = (key: L4Key): number => key & 0xffff;

/** The key with fewer bits of the port; `prefix` is at most the key's own. */
export const widen = (key: L4Key, prefix: number): L4Key => l4Key(protocolOf(key), portOf(key), prefix);

/** Whether everything in `inner` is in `outer`; a key covers itself. */
export function covers(outer: L4Key, inner: L4Key): boolean {
  if (outer === ANY_L4) return true;
  const prefix = prefixOf(outer);
  return prefix <= prefixOf(inner) && inner !== ANY_L4 && widen(inner, prefix) === outer;
}

/**
 * The keys that together are the ports `first` to `last` (both included) of a protocol: as few as can be.
 *
 * @throws nothing; an empty range has no keys.
 */
export function rangeKeys(protocol: number, first: number, last: number): L4Key[] {
  const keys: L4Key[] = [];
  for (let port = first; port <= last; ) {
    // The largest block that begins here and does not reach beyond the end.
    let prefix = PORT_BITS;
    while (prefix > 0) {
      const size = 1 << (PORT_BITS - prefix + 1);
      if (port % size !== 0 || port + size - 1 > last) break;
      prefix -= 1;
    }
    keys.push(l4Key(protocol, port, prefix));
    port += 1 << (PORT_BITS - prefix);
  }
  return keys;
}
