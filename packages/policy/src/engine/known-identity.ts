/** An identity as selectors see it: what its labels mean, read once. */
import { type Cidr, parseCidr } from '../identity/cidr.ts';
import type { Identity } from '../identity/identity.ts';
import { CIDR_SOURCE, CLUSTER_KEY, FQDN_SOURCE, type Label, RESERVED_SOURCE } from '../labels/label.ts';

export interface KnownIdentity {
  readonly identity: Identity;
  /** Its place in bit sets; given anew when the identity has gone. */
  readonly slot: number;
  readonly labels: readonly Label[];
  /** The keys of its reserved labels. */
  readonly reserved: ReadonlySet<string>;
  /** A host, this one or another: not what rules for endpoints speak of. */
  readonly node: boolean;
  /** Outside of the cluster: the world, a CIDR, a name. */
  readonly outside: boolean;
  /** The narrowest of its CIDRs. */
  readonly cidr?: Cidr;
  /** The selectors of names that DNS resolved to its addresses. */
  readonly names: ReadonlySet<string>;
  /** The cluster, where a label names it. */
  readonly cluster?: string;
}

const OUTSIDE = ['world', 'world-ipv4', 'world-ipv6'];

/**
 * Reads an identity's labels.
 *
 * @throws {@link WaggleError} MALFORMED when a `cidr` label holds no CIDR.
 */
export function knownIdentity(identity: Identity, slot: number): KnownIdentity {
  const { labels } = identity;
  const reserved = new Set(keysOf(labels, RESERVED_SOURCE));
  const names = new Set(keysOf(labels, FQDN_SOURCE));
  const cidr = keysOf(labels, CIDR_SOURCE)
    .map((text) => parseCidr(cidrText(text)))
    .reduce<Cidr | undefined>((a, b) => (a && a.prefix >= b.prefix ? a : b), undefined);
  const cluster = labels.find(({ key }) => key === CLUSTER_KEY)?.value;
  return {
    identity,
    slot,
    labels,
    reserved,
    node: reserved.has('host') || reserved.has('remote-node'),
    outside: cidr !== undefined || names.size > 0 || OUTSIDE.some((name) => reserved.has(name)),
    ...(cidr && { cidr }),
    names,
    ...(cluster !== undefined && { cluster }),
  };
}

const keysOf = (labels: readonly Label[], wanted: string): string[] =>
  labels.filter(({ source }) => source === wanted).map(({ key }) => key);

/** In labels the colons of IPv6 are written as dashes; a 0 stands where the text would begin or end with one. */
const cidrText = (key: string): string => {
  if (key.includes(':') || key.includes('.')) return key;
  const [address = '', prefix] = key.split('/');
  const colons = address.replaceAll('-', ':');
  return prefix === undefined ? colons : `${colons}/${prefix}`;
};
