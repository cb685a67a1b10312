/**
 * Protocol families: the numbers that netlink uses for what is 4 or 6 here.
 */
import { WaggleError } from '@waggle/bpf';
import { type IpAddress, type IpFamily, parseAddress } from './addresses.ts';

export const AF_UNSPEC = 0;
export const AF_INET = 2;
export const AF_BRIDGE = 7;
export const AF_INET6 = 10;

/** The number for a family; AF_UNSPEC, which means all, for none. */
export function familyNumber(family: IpFamily | undefined): number {
  return family === undefined ? AF_UNSPEC : family === 4 ? AF_INET : AF_INET6;
}

/** The family for a number; undefined for other protocols than IP. */
export function familyOf(number: number): IpFamily | undefined {
  return number === AF_INET ? 4 : number === AF_INET6 ? 6 : undefined;
}

/** Whether a payload can be an address of the family. */
export function isIpFamily(bytes: Uint8Array | undefined, family: IpFamily): bytes is Uint8Array {
  return bytes?.length === (family === 4 ? 4 : 16);
}

/**
 * Reads an address that has to be of a family.
 * @throws WaggleError MALFORMED
 */
export function parseAddressOf(family: IpFamily, text: string): IpAddress {
  const address = parseAddress(text);
  if (address.family === family) return address;
  throw new WaggleError('MALFORMED', `${text} is not an IPv${family} address`);
}
