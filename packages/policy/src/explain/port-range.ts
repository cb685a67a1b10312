/** Protocols and ports for people: ranges instead of prefixes, names instead of numbers. */
import { PROTOCOL_NUMBERS, type Protocol } from '../rules/rule.ts';

/** Ports `first` to `last` of a protocol; of protocol 0 (all protocols) always all. */
export interface PortRange {
  /** IANA's number; 0: all. */
  readonly protocol: number;
  readonly first: number;
  readonly last: number;
}

export const LAST_PORT = 0xffff;

const NAMES = new Map<number, Protocol>(
  Object.entries(PROTOCOL_NUMBERS).map(([name, number]) => [number, name as Protocol]),
);

/** The name of a protocol by its number; numbers without a name are written as such. */
export const protocolName = (protocol: number): string => NAMES.get(protocol) ?? `protocol ${protocol}`;

/** The range that a prefix of a port stands for. */
export const rangeOf = (protocol: number, port: number, portPrefix: number): PortRange => ({
  protocol,
  first: port,
  last: protocol === 0 ? LAST_PORT : port + (1 << (16 - portPrefix)) - 1,
});

/** A range for people: `80/TCP`, `8000-8999/TCP`, `all TCP`, `ICMP type 8`, `everything`. */
export function formatRange({ protocol, first, last }: PortRange): string {
  if (protocol === 0) return 'everything';
  const name = protocolName(protocol);
  if (first === 0 && last === LAST_PORT) return `all ${name}`;
  const ports = first === last ? String(first) : `${first}-${last}`;
  if (protocol === PROTOCOL_NUMBERS.ICMP || protocol === PROTOCOL_NUMBERS.ICMPv6)
    return `${name} type ${ports}`;
  return `${ports}/${name}`;
}

/** Ranges in order, with those that touch or overlap made one. */
export function foldRanges(ranges: readonly PortRange[]): PortRange[] {
  const folded: PortRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.protocol - b.protocol || a.first - b.first)) {
    const last = folded.at(-1);
    if (last && last.protocol === range.protocol && range.first <= last.last + 1) {
      folded[folded.length - 1] = { ...last, last: Math.max(last.last, range.last) };
    } else folded.push(range);
  }
  return folded;
}
