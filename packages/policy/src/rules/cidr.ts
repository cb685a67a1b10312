/**
 * Prefixes as rules write them, in the one form that labels and engine use: bits beyond the prefix are zero, IPv6 is short
 * and lower case (RFC 5952), a lone address is a prefix of its full length.
 */
import ipaddr from 'ipaddr.js';

/** A prefix. */
export interface Cidr {
  readonly family: 4 | 6;
  readonly length: number;
  /** The normal form: `10.0.0.0/8`, `2001:db8::/32`. */
  readonly text: string;
}

/**
 * Reads `10.0.0.0/8`, `2001:db8::/32` or a lone address. Host bits are taken off, as the field does.
 *
 * @returns Nothing when it is none of these.
 */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/');
  const address = parseAddress(slash === -1 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const bits = address.kind() === 'ipv4' ? 32 : 128;
  const digits = slash === -1 ? String(bits) : text.slice(slash + 1);
  if (!/^(0|[1-9]\d{0,2})$/.test(digits) || Number(digits) > bits) return undefined;
  const length = Number(digits);
  return { family: bits === 32 ? 4 : 6, length, text: `${formatNetwork(address, length)}/${length}` };
}

/** Whether one prefix lies within another one, or is the same. */
export function contains(outer: Cidr, inner: Cidr): boolean {
  if (outer.family !== inner.family || outer.length > inner.length) return false;
  const network = parseAddress(inner.text.slice(0, inner.text.indexOf('/')));
  return network !== undefined && `${formatNetwork(network, outer.length)}/${outer.length}` === outer.text;
}

/** An address in its normal form, or nothing. */
export function normalAddress(text: string): string | undefined {
  const address = parseAddress(text);
  return address && formatNetwork(address, address.kind() === 'ipv4' ? 32 : 128);
}

/** Only the usual notations: no octal numbers, no `10.1`, no zones. */
function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  if (text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined;
  return ipaddr.IPv6.parse(text);
}

function formatNetwork(address: ipaddr.IPv4 | ipaddr.IPv6, length: number): string {
  const bytes = address.toByteArray().map((byte, index) => {
    const kept = Math.min(8, Math.max(0, length - index * 8));
    return byte & (0xff00 >> kept);
  });
  const network = ipaddr.fromByteArray(bytes);
  return network.kind() === 'ipv6' ? (network as ipaddr.IPv6).toRFC5952String() : network.toString();
}
