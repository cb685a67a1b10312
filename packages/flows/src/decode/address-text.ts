/** Texts of addresses that are kept as four words, IPv4 mapped into IPv6. */
import { formatAddress } from '@waggle/kernel';

const MAPPED = 0xffff;

export function addressTextOf(words: ArrayLike<number>): string {
  const view = new DataView(new ArrayBuffer(16));
  for (let index = 0; index < 4; index++) view.setUint32(index * 4, words[index] ?? 0);
  const isIpv4 = words[0] === 0 && words[1] === 0 && words[2] === MAPPED;
  return formatAddress(new Uint8Array(view.buffer, isIpv4 ? 12 : 0));
}
