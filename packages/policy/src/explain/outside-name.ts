/** What identities outside of the cluster are called: the CIDR or the DNS name that they stand for. */
import { knownIdentity } from '../engine/known-identity.ts';
import { formatCidr } from '../identity/cidr.ts';
import type { Identity } from '../identity/identity.ts';

/** The CIDR of an identity, or the name or pattern of names; undefined for what has neither. */
export function outsideName(identity: Identity): string | undefined {
  const { cidr, names } = knownIdentity(identity, 0);
  if (cidr) return formatCidr(cidr);
  return names.size > 0 ? [...names].sort().join(', ') : undefined;
}
