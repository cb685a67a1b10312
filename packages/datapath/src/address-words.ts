/** Addresses between text and what the maps have: 16 bytes in four words, IPv4 mapped. */
import {
  formatAddress,
  formatPrefix,
  type IpAddress,
  networkOf,
  parseAddress,
  parsePrefix,
} from '@waggle/kernel';
import { MAPPED, MAPPED_BITS } from './addresses.bpf.ts';

/** Four words, the first one first. */
export type AddressWords = [number, number, number, number];

/**
 * The words of an address.
 * @throws WaggleError MALFORMED
 */
export const addressWords = (text: string): AddressWords => wordsOf(parseAddress(text));

/** The words of an IPv4 address. */
export const mappedWords = (ipv4: number): AddressWords => [0, 0, MAPPED, ipv4];

/**
 * A prefix as the key of a prefix tree.
 * @throws WaggleError MALFORMED
 */
export function prefixKey(text: string): { prefixLength: number; address: AddressWords } {
  const { length, ...address } = networkOf(parsePrefix(text));
  return { prefixLength: address.family === 4 ? MAPPED_BITS + length : length, address: wordsOf(address) };
}

/** The address that words stand for. */
export function addressText(words: readonly number[]): string {
  const { family, bytes } = addressOf(words);
  return formatAddress(family === 4 ? bytes.subarray(12) : bytes);
}

/** The prefix that a key of a prefix tree stands for. */
export function prefixText(key: {
  readonly prefixLength: number;
  readonly address: readonly number[];
}): string {
  const { family, bytes } = addressOf(key.address);
  if (family === 6 || key.prefixLength < MAPPED_BITS)
    return formatPrefix({ bytes, length: key.prefixLength });
  return formatPrefix({ bytes: bytes.subarray(12), length: key.prefixLength - MAPPED_BITS });
}

function addressOf(words: readonly number[]): IpAddress {
  const view = new DataView(new ArrayBuffer(16));
  for (const [index, word] of words.entries()) view.setUint32(4 * index, word);
  const isMapped = words[0] === 0 && words[1] === 0 && words[2] === MAPPED;
  return { family: isMapped ? 4 : 6, bytes: new Uint8Array(view.buffer) };
}

/** Whether an address is the low end of a connection with another one. */
export function isLower(address: readonly number[], other: readonly number[]): boolean {
  const at = address.findIndex((word, index) => word !== other[index]);
  return at >= 0 && (address[at] ?? 0) < (other[at] ?? 0);
}

/** The words of an address that is known by its bytes. */
export function wordsOf({ family, bytes }: IpAddress): AddressWords {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (family === 4) return mappedWords(view.getUint32(0));
  return [view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)];
}
