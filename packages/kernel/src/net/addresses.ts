/**
 * IP addresses, prefixes and MAC addresses between text and the bytes of kernel structures. Text comes out in the one
 * canonical form: RFC 5952 for IPv6 (lower case, no leading zeros, the longest run of zeros shortened), lower case with
 * colons for MAC. Text goes in in any form of RFC 4291, but nothing vaguer: no octal, no missing parts, no zone.
 */
import { describe, WaggleError } from '@waggle/bpf';

/** 4 or 6: the version of the Internet Protocol. */
export type IpFamily = 4 | 6;

/** An address: 4 or 16 bytes in network order. */
export interface IpAddress {
  readonly family: IpFamily;
  readonly bytes: Uint8Array;
}

/** An address and how many of its first bits count. */
export interface IpPrefix extends IpAddress {
  readonly length: number;
}

function unparsable(text: unknown, what: string, hint?: string): WaggleError {
  const shown = typeof text === 'string' && text !== '' && text.length <= 60 ? text : describe(text);
  return new WaggleError('MALFORMED', `${shown} is not ${what}`, hint === undefined ? {} : { hint });
}

/**
 * Reads an IPv4 or IPv6 address.
 * @throws WaggleError MALFORMED
 */
export function parseAddress(text: string): IpAddress {
  const address = readAddress(text);
  if (address === undefined) throw unparsable(text, 'an IP address');
  return address;
}

function readAddress(text: string): IpAddress | undefined {
  if (typeof text !== 'string') return undefined;
  const family = text.includes(':') ? 6 : 4;
  const bytes = family === 4 ? readIpv4(text) : readIpv6(text);
  return bytes === undefined ? undefined : { family, bytes };
}

function readIpv4(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(4);
  // By characters, for lists of a hundred thousand are read: an expression for each part costs ten times as much.
  for (let at = 0, index = 0; index < 4; at++, index++) {
    const start = at;
    let byte = 0;
    for (; at < start + 3 && isDigit(text.charCodeAt(at)); at++)
      byte = byte * 10 + text.charCodeAt(at) - ZERO;
    // A leading zero means octal to some readers and nothing to others, so it is refused.
    const octal = at > start + 1 && text.charCodeAt(start) === ZERO;
    if (at === start || octal || byte > 255) return undefined;
    bytes[index] = byte;
    const ends = index === 3 ? at === text.length : text[at] === '.';
    if (!ends) return undefined;
  }
  return bytes;
}

const ZERO = 0x30;
const isDigit = (code: number): boolean => code >= ZERO && code < ZERO + 10;

function readIpv6(text: string): Uint8Array | undefined {
  const [before = '', after, ...more] = text.split('::');
  if (more.length > 0) return undefined;
  const head = readGroups(before, after === undefined);
  const tail = readGroups(after ?? '', true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  // The double colon stands for at least one group.
  if (after === undefined ? missing !== 0 : missing < 2) return undefined;
  const bytes = new Uint8Array(16);
  bytes.set(head);
  bytes.set(tail, 16 - tail.length);
  return bytes;
}

/** The bytes of groups between colons; the last may be an IPv4 address where the address ends. */
function readGroups(text: string, atEnd: boolean): number[] | undefined {
  if (text === '') return [];
  const groups = text.split(':');
  const bytes: number[] = [];
  for (const [index, group] of groups.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
      continue;
    }
    const embedded = atEnd && index === groups.length - 1 ? readIpv4(group) : undefined;
    if (embedded === undefined) return undefined;
    bytes.push(...embedded);
  }
  return bytes;
}

/**
 * Writes an address of 4 or 16 bytes.
 * @throws WaggleError WRONG_SIZE
 */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`;
  if (bytes.length === 16) return formatIpv6(bytes);
  throw new WaggleError('WRONG_SIZE', `an IP address has 4 or 16 bytes, not ${bytes.length}`);
}

/**
 * Reads an IPv4 address as the number that fields of type be32 hold: 10.0.0.1 is 0x0a000001.
 * @throws WaggleError MALFORMED
 */
export function parseIpv4(text: string): number {
  const bytes = typeof text === 'string' ? readIpv4(text) : undefined;
  if (bytes === undefined) throw unparsable(text, 'an IPv4 address');
  return bytes.reduce((number, byte) => number * 256 + byte, 0);
}

/**
 * Writes the number of a field of type be32 as an IPv4 address.
 * @throws WaggleError OUT_OF_RANGE
 */
export function formatIpv4(number: number): string {
  if (!Number.isInteger(number) || number < 0 || number > 0xffff_ffff) {
    throw new WaggleError('OUT_OF_RANGE', `${describe(number)} is not the number of an IPv4 address`);
  }
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join('.');
}

function formatIpv6(bytes: Uint8Array): string {
  const groups: number[] = [];
  for (let index = 0; index < 16; index += 2)
    groups.push(((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0));
  const mapped = groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
  if (mapped) return `::ffff:${bytes.subarray(12).join('.')}`;
  const { start, length } = longestZeroRun(groups);
  const text = groups.map((group) => group.toString(16));
  // RFC 5952, 4.2.2: one group of zeros alone is not shortened.
  if (length < 2) return text.join(':');
  return `${text.slice(0, start).join(':')}::${text.slice(start + length).join(':')}`;
}

/** The first of the longest runs of zero groups. */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  for (const [index, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: index - length + 1, length };
  }
  return best;
}

/**
 * Reads `address/length`; a bare address is a prefix of all its bits. Bits after the prefix are kept.
 * @throws WaggleError MALFORMED
 */
export function parsePrefix(text: string): IpPrefix {
  const [addressText = '', lengthText, ...more] = typeof text === 'string' ? text.split('/') : [];
  const address = readAddress(addressText);
  if (address === undefined || more.length > 0) {
    throw unparsable(text, 'an IP prefix', 'Write 10.0.0.0/24 or fd00::/64');
  }
  const bits = 8 * address.bytes.length;
  if (lengthText === undefined) return { ...address, length: bits };
  const length = /^(0|[1-9]\d{0,2})$/.test(lengthText) ? Number(lengthText) : Number.NaN;
  if (!(length <= bits)) {
    throw unparsable(text, 'an IP prefix', `The length of an IPv${address.family} prefix is 0 to ${bits}`);
  }
  return { ...address, length };
}

/** Writes `address/length`. */
export function formatPrefix({ bytes, length }: Pick<IpPrefix, 'bytes' | 'length'>): string {
  return `${formatAddress(bytes)}/${length}`;
}

/**
 * The prefix that has one address alone, whose bits all count.
 * @throws WaggleError MALFORMED
 */
export function hostPrefix(address: string): string {
  const { bytes } = parseAddress(address);
  return formatPrefix({ bytes, length: 8 * bytes.length });
}

/** The network that a prefix lies in: the same prefix with the bits after it cleared. */
export function networkOf(prefix: IpPrefix): IpPrefix {
  const bytes = prefix.bytes.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, prefix.length - 8 * index));
    return byte & (0xff << (8 - kept));
  });
  return { ...prefix, bytes };
}

function hasBitsAfter({ bytes, length }: IpPrefix): boolean {
  for (let index = length >> 3; index < bytes.length; index++) {
    const kept = index === length >> 3 ? 0xff00 >> (length & 7) : 0;
    if (((bytes[index] ?? 0) & ~kept & 0xff) !== 0) return true;
  }
  return false;
}

/**
 * Reads the prefix of a network: one whose bits after the prefix are zero.
 * @throws WaggleError MALFORMED
 */
export function parseNetwork(text: string): IpPrefix {
  const prefix = parsePrefix(text);
  if (hasBitsAfter(prefix)) {
    throw unparsable(
      text,
      'a network: it has bits after its prefix',
      `Did you mean ${formatPrefix(networkOf(prefix))}?`,
    );
  }
  return prefix;
}

/**
 * Reads a MAC address of 6 bytes, written with colons or hyphens.
 * @throws WaggleError MALFORMED
 */
export function parseMac(text: string): Uint8Array {
  const valid =
    typeof text === 'string' && /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$|^[0-9a-f]{2}(-[0-9a-f]{2}){5}$/i.test(text);
  if (!valid) throw unparsable(text, 'a MAC address', 'Write 02:00:00:00:00:01');
  return Uint8Array.from(text.split(/[:-]/), (byte) => Number.parseInt(byte, 16));
}

/** Writes a link-layer address of any length. */
export function formatMac(bytes: Uint8Array): string {
  let text = '';
  for (let index = 0; index < bytes.length; index++) {
    const pair = HEXADECIMAL[bytes[index] ?? 0] ?? '';
    text = index === 0 ? pair : `${text}:${pair}`;
  }
  return text;
}

/** Of each byte: packets are shown by the hundred thousand. */
const HEXADECIMAL = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
