/** Prefixes of addresses, as documents write them. */
import { WaggleError } from '@waggle/bpf';
import type { Part } from '../documents/part.ts';
import { type Cidr, contains, formatCidr, parseCidr } from '../identity/cidr.ts';

/** Prefixes that are left out; each has to lie within `cidr`, where that is known. */
export function readExcept(part: Part | undefined, cidr: Cidr | undefined): string[] {
  if (part === undefined) return [];
  return part.list((item) => {
    const except = readPrefix(item, 'refused');
    if (except === undefined) return undefined;
    const text = formatCidr(except);
    if (cidr === undefined || contains(cidr, except)) return text;
    return item.refuse(`${text} does not lie within ${formatCidr(cidr)}, so there is nothing to leave out.`);
  });
}

/** A prefix; a lone address where that is allowed. */
export function readPrefix(part: Part, loneAddress: 'allowed' | 'refused'): Cidr | undefined {
  const text = part.word();
  if (text === undefined) return undefined;
  const cidr = cidrOrNothing(text);
  if (cidr === undefined) {
    const lone = loneAddress === 'allowed' ? ', or a lone address' : '';
    return part.refuse(
      `${JSON.stringify(text)} is no prefix.`,
      `Allowed: as 10.0.0.0/8 or 2001:db8::/32${lone}.`,
    );
  }
  if (loneAddress === 'refused' && !text.includes('/')) {
    return part.refuse(`${JSON.stringify(text)} has no length.`, `Write ${formatCidr(cidr)}.`);
  }
  return cidr;
}

function cidrOrNothing(text: string): Cidr | undefined {
  try {
    return parseCidr(text);
  } catch (error) {
    if (error instanceof WaggleError) return undefined;
    throw error;
  }
}
