/** Texts of addresses that are kept as four words, IPv4 mapped into IPv6. */
import { formatAddress } from '@waggle/kernel';

const MAPPED = 0xffff;
/** Written and read within one call. */
const view = new DataView(new ArrayBuffer(16));
const bytes = new Uint8Array(view.buffer);
const ipv4 = bytes.subarray(12);

export const isMappedIpv4 = (words: ArrayLike<number>): boolean =>
  words[0] === 0 && words[1] === 0 && words[2] === MAPPED;

export function addressTextOf(words: ArrayLike<number>): string {
  for (let index = 0; index < 4; index++) view.setUint32(index * 4, words[index] ?? 0);
  return formatAddress(isMappedIpv4(words) ? ipv4 : bytes);
}
