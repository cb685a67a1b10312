/** The labels of what is outside of the cluster: addresses by their CIDR, and addresses by the name that DNS gave them for. */
import { CIDR_SOURCE, FQDN_SOURCE, type Label, RESERVED_SOURCE, sortLabels } from '../labels/label.ts';
import { type Cidr, contains, formatCidr, parseCidr } from './cidr.ts';

/** How the world is called: by one label for both families, or by one for each (hosts that speak both). */
export interface WorldNames {
  /** Default: no. */
  readonly worldByFamily?: boolean;
}

/**
 * The labels of the identity for a CIDR. All addresses of a family are the world itself.
 *
 * @throws {@link WaggleError} MALFORMED for what is no CIDR.
 */
export function cidrLabels(text: string, { worldByFamily = false }: WorldNames = {}): readonly Label[] {
  const cidr = parseCidr(text);
  const world = {
    source: RESERVED_SOURCE,
    key: worldByFamily ? `world-ipv${cidr.family}` : 'world',
    value: '',
  };
  if (cidr.prefix === 0) return [world];
  return sortLabels([{ source: CIDR_SOURCE, key: labelKey(formatCidr(cidr)), value: '' }, world]);
}

/** The labels of the identity for a name or a pattern of names (toFQDNs). */
export const nameLabels = (name: string): readonly Label[] =>
  sortLabels([
    { source: FQDN_SOURCE, key: name, value: '' },
    { source: RESERVED_SOURCE, key: 'world', value: '' },
  ]);

/** A label's key has no colons: in IPv6 they are dashes, with a 0 where the address would begin or end with one. */
function labelKey(cidr: string): string {
  const [address = '', prefix] = cidr.split('/');
  const dashed = address.replaceAll(':', '-').replace(/^-/, '0-').replace(/-$/, '-0');
  return `${dashed}/${prefix}`;
}

/** Of some CIDRs the narrowest in which all of an address or a CIDR lies. */
export function narrowestCidr(cidrs: readonly string[], text: string): string | undefined {
  const inner = parseCidr(text);
  let narrowest: Cidr | undefined;
  for (const outer of cidrs.map(parseCidr)) {
    if (contains(outer, inner) && outer.prefix >= (narrowest?.prefix ?? 0)) narrowest = outer;
  }
  return narrowest && formatCidr(narrowest);
}
