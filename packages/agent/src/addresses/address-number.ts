/** Addresses as numbers, to count with: 10.0.0.1 is 0x0a000001n. */
import { formatAddress, type IpFamily, parseAddress } from '@waggle/kernel';

export const bitsOf = (family: IpFamily): number => (family === 4 ? 32 : 128);

export function numberOfBytes(bytes: Uint8Array): bigint {
  return bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

/** @throws WaggleError MALFORMED */
export function parseAddressNumber(text: string): { readonly family: IpFamily; readonly number: bigint } {
  const { family, bytes } = parseAddress(text);
  return { family, number: numberOfBytes(bytes) };
}

export function formatAddressNumber(family: IpFamily, number: bigint): string {
  const bytes = new Uint8Array(bitsOf(family) / 8);
  for (let index = bytes.length - 1, rest = number; index >= 0; index--, rest >>= 8n) {
    bytes[index] = Number(rest & 0xffn);
  }
  return formatAddress(bytes);
}
