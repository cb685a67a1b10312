/** Identities and peers in the field's shapes. */
import { createHash } from 'node:crypto';
import type { IdentityView, PeerView } from '../../control.ts';
import type { Identity, IdentityEndpoints, IPListEntry } from '../models/identity.ts';

/** An identity with its labels, and their hash as the field makes it. */
export function identityModel({ id, labels }: Pick<IdentityView, 'id' | 'labels'>): Identity {
  const sorted = [...labels].sort();
  const text = sorted.map((label) => (label.includes('=') ? `${label};` : `${label}=;`)).join('');
  return { id, labels: sorted, labelsSHA256: createHash('sha256').update(text).digest('hex') };
}

export const identityEndpointsModel = (view: IdentityView): IdentityEndpoints => ({
  identity: identityModel(view),
  refCount: view.endpoints,
});

export const peerModel = ({ cidr, identity, source, name }: PeerView): IPListEntry => ({
  cidr,
  identity,
  metadata: { source, ...(name !== undefined && { name }) },
});
