/**
 * Identities: a number for a set of labels. What is equal in labels is equal before the policy, wherever it runs. Numbers
 * up to 255 are reserved; 256 to 65535 are allocated to labels; from 1 << 24 they are this host's own, for CIDRs and names.
 */
import type { Label } from '../labels/label.ts';
import type { Protocol } from '../rules/rule.ts';

/** In a policy map: any identity. */
export const ANY_IDENTITY = 0;

/** Identities with a fixed number, by the value of their `reserved` label. */
export const RESERVED_IDENTITIES = {
  host: 1,
  world: 2,
  unmanaged: 3,
  health: 4,
  init: 5,
  'remote-node': 6,
  'kube-apiserver': 7,
  ingress: 8,
  'world-ipv4': 9,
  'world-ipv6': 10,
} as const;

/** The first identity that is allocated to labels, the last one, and the first of this host's own. */
export const FIRST_ALLOCATED = 256;
export const LAST_ALLOCATED = 65535;
export const FIRST_LOCAL = 1 << 24;

/** A port that an endpoint calls by a name. */
export interface NamedPort {
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number;
}

/** An identity, as the engine is told of it. */
export interface Identity {
  readonly id: number;
  readonly labels: readonly Label[];
  /** What its endpoints call their ports. */
  readonly namedPorts?: readonly NamedPort[];
}
