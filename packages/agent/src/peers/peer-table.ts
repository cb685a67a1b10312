/**
 * Who is behind an address that is no endpoint of this host, as the datapath has to know it: this host itself, and the CIDRs that
 * rules name. What is wanted is computed anew each time; what has to be done is the difference to what is there.
 */
import { hostPrefix } from '@waggle/kernel';
import { type Identity, RESERVED_IDENTITIES } from '@waggle/policy';
import type { PeerView } from '../control.ts';

export interface PeerSources {
  /** The addresses of this host, without prefix lengths. */
  readonly hostAddresses: readonly string[];
  /** The CIDRs that rules name, with their identities. */
  readonly cidrs: ReadonlyMap<string, Identity>;
}

/** A prefix and its identity; null: nobody in particular any more. */
export interface PeerChange {
  readonly prefix: string;
  readonly identity: number | null;
}

/** All of the world: that has an identity of its own, which needs no prefix. */
const EVERYTHING: readonly string[] = ['0.0.0.0/0', '::/0'];

/** All peers that are wanted. */
export function wantedPeers({ hostAddresses, cidrs }: PeerSources): Map<string, PeerView> {
  const peers = new Map<string, PeerView>();
  for (const [cidr, { id }] of cidrs) {
    if (!EVERYTHING.includes(cidr)) peers.set(cidr, { cidr, identity: id, source: 'policy' });
  }
  // An address of this host is this host, whatever CIDRs rules name.
  for (const address of hostAddresses) {
    const cidr = hostPrefix(address);
    peers.set(cidr, { cidr, identity: RESERVED_IDENTITIES.host, source: 'host' });
  }
  return peers;
}

/** What to do to the peers that are there, so that they become those that are wanted. */
export function peerChanges(
  wanted: ReadonlyMap<string, PeerView>,
  actual: ReadonlyMap<string, number>,
): { readonly set: PeerChange[]; readonly remove: PeerChange[] } {
  const set = [...wanted.values()]
    .filter(({ cidr, identity }) => actual.get(cidr) !== identity)
    .map(({ cidr, identity }) => ({ prefix: cidr, identity }));
  const remove = [...actual.keys()]
    .filter((prefix) => !wanted.has(prefix))
    .map((prefix) => ({ prefix, identity: null }));
  return { set, remove };
}
