/**
 * The Internet checksum (RFC 1071, RFC 1624) as the kernel's helpers compute it: sums of 16-bit words in the order of
 * memory, with the carry added at the end. Sums of 32 bits are unsigned numbers.
 */

/** Adds two sums. */
export function addSums(first: number, second: number): number {
  const sum = first + second;
  return sum > 0xffff_ffff ? sum - 0xffff_ffff : sum;
}

/** Takes a sum from another one. */
export const subtractSums = (first: number, second: number): number => addSums(first, ~second >>> 0);

/**
 * The sum of bytes, begun with `seed`. It is the kernel's of x86 to the bit, which adds 64 bits at a time: of the two zeros
 * that such sums have, 0 and all ones, another way of adding may yield the other one.
 */
export function sumOf(bytes: Uint8Array, seed: number): number {
  let sum = BigInt(seed);
  for (let index = 0; index < bytes.length; index += 8) {
    let word = 0n;
    for (let byte = Math.min(index + 8, bytes.length) - 1; byte >= index; byte--) {
      word = (word << 8n) | BigInt(bytes[byte] ?? 0);
    }
    sum += word;
    if (sum > ALL_ONES) sum -= ALL_ONES;
  }
  const swapped = (sum >> 32n) | (sum << 32n);
  return Number(BigInt.asUintN(64, sum + BigInt.asUintN(64, swapped)) >> 32n);
}

const ALL_ONES = 0xffff_ffff_ffff_ffffn;

/** A sum in 16 bits. */
export function fold(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

/**
 * The checksum of a header in which a part whose sum was `from` now has the sum `to`. Of the two zeros it yields that which the
 * kernel's csum_replace4() does: the bits above a checksum are all ones when it is inverted.
 */
export const replaceChecksum = (checksum: number, from: number, to: number): number =>
  ~fold(addSums(subtractSums(~checksum >>> 0, from), to)) & 0xffff;

/** The same for one word, in 16 bits, as csum_replace2() does it. */
export const replaceWord = (checksum: number, from: number, to: number): number =>
  ~addWords(addWords(~checksum & 0xffff, ~from & 0xffff), to) & 0xffff;

function addWords(first: number, second: number): number {
  const sum = first + second;
  return sum > 0xffff ? sum - 0xffff : sum;
}
