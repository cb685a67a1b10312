/** CIDRs: addresses of either family with a prefix, compared bit by bit. */
import { WaggleError } from '@waggle/bpf';
import ipaddr from 'ipaddr.js';

/** A CIDR; the bits of `address` beyond the prefix are 0. */
export interface Cidr {
  readonly family: 4 | 6;
  readonly address: bigint;
  readonly prefix: number;
}

const BITS = { 4: 32, 6: 128 } as const;

/**
 * Reads `10.0.0.0/8`, `2001:db8::/32`, or an address alone, which is a CIDR of its full length. Bits beyond the prefix are
 * cleared.
 *
 * @throws {@link WaggleError} MALFORMED when it is neither.
 */
export function parseCidr(text: string): Cidr {
  const [address = '', length, ...rest] = text.split('/');
  const valid =
    ipaddr.IPv4.isValidFourPartDecimal(address) || (ipaddr.IPv6.isValid(address) && !address.includes('%'));
  const bytes = valid && rest.length === 0 ? ipaddr.parse(address).toByteArray() : [];
  const family = bytes.length === 4 ? 4 : 6;
  const prefix =
    length === undefined ? BITS[family] : /^(0|[1-9]\d{0,2})$/.test(length) ? Number(length) : -1;
  if (bytes.length === 0 || prefix < 0 || prefix > BITS[family]) {
    throw new WaggleError(
      'MALFORMED',
      `${JSON.stringify(text)} is no address and no CIDR, as 10.0.0.0/8 or 2001:db8::/32.`,
    );
  }
  const value = bytes.reduce((bits, byte) => (bits << 8n) | BigInt(byte), 0n);
  return { family, address: leading(value, family, prefix), prefix };
}

/** A CIDR in its shortest form, always with its prefix. */
export function formatCidr({ family, address, prefix }: Cidr): string {
  const bytes = Array.from({ length: BITS[family] / 8 }, (_, i) =>
    Number((address >> BigInt(BITS[family] - 8 * (i + 1))) & 0xffn),
  );
  return `${ipaddr.fromByteArray(bytes).toString()}/${prefix}`;
}

/** Whether all of `inner` lies in `outer`. */
export const contains = (outer: Cidr, inner: Cidr): boolean =>
  outer.family === inner.family &&
  outer.prefix <= inner.prefix &&
  leading(inner.address, inner.family, outer.prefix) === outer.address;

/** Each CIDR that contains this one, from the widest to itself. */
export function* enclosing({ family, address, prefix }: Cidr): Generator<Cidr> {
  for (let each = 0; each <= prefix; each++) {
    yield { family, address: leading(address, family, each), prefix: each };
  }
}

function leading(address: bigint, family: 4 | 6, prefix: number): bigint {
  const rest = BigInt(BITS[family] - prefix);
  return (address >> rest) << rest;
}
