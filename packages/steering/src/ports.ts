/**
 * Ports of a binding: one, a range, or all. The program finds a port by its leading bits, so a range is cut into *blocks*, whose
 * size is a power of two and whose first port is a multiple of it: 8000-8999 becomes 8000-8063, 8064-8191, … Five or six on the
 * average, thirty at the most.
 */
import { describe, WaggleError } from '@waggle/bpf';

/** The first and the last port, both included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Ports whose leading `length` bits are those of `port`: one port for 16, all ports for 0. */
export interface PortBlock {
  readonly port: number;
  readonly length: number;
}

export const ALL_PORTS: PortRange = Object.freeze({ first: 0, last: 65_535 });

/** How many ports there are in a range. */
export const countOf = ({ first, last }: PortRange): number => last - first + 1;

/**
 * Reads `80`, `8000-8999` or `*`.
 * @throws WaggleError MALFORMED
 */
export function parsePorts(text: string): PortRange {
  if (text === '*') return ALL_PORTS;
  const [, from, to] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const range = { first: Number(from), last: Number(to ?? from) };
  if (range.first >= 1 && range.first <= range.last && range.last <= 65_535) return range;
  const backwards = range.first > range.last && range.last >= 1;
  throw new WaggleError('MALFORMED', `${describe(text)} is no port or range of ports`, {
    hint: backwards
      ? `Did you mean ${range.last}-${range.first}?`
      : 'Write a port from 1 to 65535, a range such as 8000-8999, or * for all ports',
  });
}

/** Writes what {@link parsePorts} reads. */
export function formatPorts({ first, last }: PortRange): string {
  if (first === 0 && last === 65_535) return '*';
  return first === last ? String(first) : `${first}-${last}`;
}

/** The fewest blocks that make up a range, in ascending order. */
export function blocksOf({ first, last }: PortRange): PortBlock[] {
  const blocks: PortBlock[] = [];
  for (let port = first; port <= last; ) {
    let length = 16;
    const sizeOf = (bits: number): number => 1 << (16 - bits);
    // Twice as large, as long as it begins at a multiple of its size and stays in the range.
    while (length > 0 && port % sizeOf(length - 1) === 0 && port + sizeOf(length - 1) - 1 <= last) length--;
    blocks.push({ port, length });
    port += sizeOf(length);
  }
  return blocks;
}

/** The leading `length` bits of a port number set. */
export const portMask = (length: number): number => (0xffff << (16 - length)) & 0xffff;
