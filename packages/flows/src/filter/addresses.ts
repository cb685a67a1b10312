/** Sets of addresses, as filters name them: single ones and prefixes, of both families, compared as four words. */
import { WaggleError } from '@waggle/bpf';
import { parseAddress, parsePrefix } from '@waggle/kernel';

const MAPPED = 0xffff;
const MAPPED_BITS = 96;

interface Range {
  /** Short prefixes of IPv6 would have IPv4's addresses in them, too. */
  readonly isIpv6: boolean;
  /** The words that count, and what they are. */
  readonly masks: readonly [number, number, number, number];
  readonly words: readonly [number, number, number, number];
}

export class AddressSet {
  readonly #ranges: readonly Range[];

  /** @throws WaggleError MALFORMED */
  constructor(texts: readonly string[]) {
    this.#ranges = texts.map(parseRange);
  }

  /** Whether an address is one of them. @param address - Four words, IPv4 mapped. */
  has(address: ArrayLike<number>): boolean {
    const isIpv4 = address[0] === 0 && address[1] === 0 && address[2] === MAPPED;
    for (const { isIpv6, masks, words } of this.#ranges) {
      if (
        isIpv6 !== isIpv4 &&
        ((address[3] ?? 0) & masks[3]) === words[3] &&
        ((address[2] ?? 0) & masks[2]) === words[2] &&
        ((address[1] ?? 0) & masks[1]) === words[1] &&
        ((address[0] ?? 0) & masks[0]) === words[0]
      ) {
        return true;
      }
    }
    return false;
  }

  hasText(address: string): boolean {
    return this.has(wordsOf(parseAddress(address).bytes));
  }
}

function parseRange(text: string): Range {
  try {
    const { bytes, length } = text.includes('/')
      ? parsePrefix(text)
      : { bytes: parseAddress(text).bytes, length: Number.POSITIVE_INFINITY };
    const bits = Math.min(128, bytes.length === 4 ? length + MAPPED_BITS : length);
    const masks = [0, 1, 2, 3].map((word) => maskOf(bits - word * 32));
    const words = wordsOf(bytes).map((word, index) => word & (masks[index] ?? 0));
    const four = ([a = 0, b = 0, c = 0, d = 0]: readonly number[]) => [a, b, c, d] as const;
    return { isIpv6: bytes.length === 16, masks: four(masks), words: four(words) };
  } catch (error) {
    throw new WaggleError('MALFORMED', `"${text}" is neither an address nor a prefix`, {
      hint: 'It is written as 10.0.0.1, 10.0.0.0/8, fd00::1 or fd00::/8',
      cause: error,
    });
  }
}

/** The mask of so many leading bits of a word. */
const maskOf = (bits: number): number => (bits >= 32 ? -1 : bits <= 0 ? 0 : -1 << (32 - bits));

function wordsOf(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length === 4) return [0, 0, MAPPED, view.getUint32(0)];
  return [0, 4, 8, 12].map((offset) => view.getUint32(offset));
}
