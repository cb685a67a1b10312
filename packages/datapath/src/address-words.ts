/** Addresses as the maps have them: 16 bytes in four words, IPv4 mapped. */
import { type IpAddress, parseAddress, parsePrefix } from '@waggle/kernel';
import { MAPPED, MAPPED_BITS } from './addresses.bpf.ts';

/** Four words, the first one first. */
export type AddressWords = [number, number, number, number];

/**
 * The words of an address.
 * @throws WaggleError MALFORMED
 */
export const addressWords = (text: string): AddressWords => wordsOf(parseAddress(text));

/**
 * A prefix as the key of a prefix tree.
 * @throws WaggleError MALFORMED
 */
export function prefixKey(text: string): { prefixLength: number; address: AddressWords } {
  const { length, ...address } = parsePrefix(text);
  return { prefixLength: address.family === 4 ? MAPPED_BITS + length : length, address: wordsOf(address) };
}

function wordsOf({ family, bytes }: IpAddress): AddressWords {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (family === 4) return [0, 0, MAPPED, view.getUint32(0)];
  return [view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)];
}
