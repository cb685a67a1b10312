/**
 * Who is behind an address: an endpoint of this host, or what the ipcache says of the address or of the narrowest prefix around
 * it. All addresses are of 16 bytes; those of IPv4 are mapped (RFC 4291, 2.5.5.2), so that both families share maps and code.
 */
import {
  array,
  be32,
  type bool,
  bytes,
  hashMap,
  type Infer,
  lpmTrie,
  ntoh32,
  struct,
  u32,
} from '@waggle/bpf';

/** An address of either family. */
export const Address = array(be32, 4);
/** What stands before an IPv4 address. */
export const MAPPED = 0xffff;
export const MAPPED_BITS = 96;
/** From 224.0.0.0 on. */
const IPV4_GROUPS = 0xe0000000;
/** The first bits of ff00::/8. */
const IPV6_GROUPS = 0xff000000;

/** An endpoint of this host. */
export const Endpoint = struct('endpoint', {
  /** The host's end of its veth pair. */
  interface: u32,
  identity: u32,
  /** Of the endpoint's own end. */
  mac: bytes(6),
});

export const Prefix = struct('prefix', { prefixLength: u32, address: Address });
export const Peer = struct('peer', {
  identity: u32,
  /** That of its key: by this user space sees whether a prefix is there itself, or a broader one. */
  prefixLength: u32,
});

export const MAX_ENDPOINTS = 65_535;
export const MAX_PREFIXES = 512_000;

const AddressKey = struct('address', { words: Address });

/** By address. */
export const endpoints = hashMap({
  name: 'endpoints',
  key: AddressKey,
  value: Endpoint,
  maxEntries: MAX_ENDPOINTS,
  preallocate: false,
});
/**
 * Everybody else, by address, and the identity. These are most by far where other hosts have endpoints, too; a tree of them
 * all would be deep, and be walked for each new connection.
 */
export const ipcacheHosts = hashMap({
  name: 'ipcacheHosts',
  key: AddressKey,
  value: u32,
  maxEntries: MAX_PREFIXES,
  preallocate: false,
});
/** Prefixes of more than one address, and the identity of what is there. */
export const ipcache = lpmTrie({ name: 'ipcache', key: Prefix, value: Peer, maxEntries: MAX_PREFIXES });

/** The identity of the host itself. */
export const HOST = 1;
/** The rest of the world, by family. */
export const World = { Ipv4: 9, Ipv6: 10 } as const;

export function areEqual(a: Infer<typeof Address>, b: Infer<typeof Address>): bool {
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[3] === b[3];
}

/** The identity behind an address that is no endpoint of this host. */
export function peerIdentity(address: Infer<typeof Address>): u32 {
  const host = ipcacheHosts.lookup({ words: address });
  if (host !== null) return host;
  const peer = ipcache.lookup({ prefixLength: 128, address });
  if (peer) return peer.identity;
  return isMapped(address) ? World.Ipv4 : World.Ipv6;
}

/** Whether it is one of IPv4. */
export function isMapped(address: Infer<typeof Address>): bool {
  return address[0] === 0 && address[1] === 0 && ntoh32(address[2] ?? 0) === MAPPED;
}

/** Whether it is that of a group, or of everybody on a link. */
export function isGroupAddress(address: Infer<typeof Address>): bool {
  if (isMapped(address)) return ntoh32(address[3] ?? 0) >= IPV4_GROUPS;
  return ((address[0] ?? 0) & IPV6_GROUPS) === IPV6_GROUPS;
}
