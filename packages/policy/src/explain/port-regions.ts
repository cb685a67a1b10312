/** Regions of ports: between the borders of all entries, every port fares as its neighbour does, so one of each is asked. */
import type { PolicyEntry } from '../engine/entry.ts';
import { LAST_PORT, type PortRange, rangeOf } from './port-range.ts';

/** A region, and the packet that is asked for all of it. */
export interface PortRegion {
  /** Of protocol 0: all protocols that no entry names. */
  readonly range: PortRange;
  readonly protocol: number;
  readonly port: number;
}

/** The regions of some entries, by protocols and ports; that of the other protocols comes last. */
export function portRegions(entries: readonly PolicyEntry[]): PortRegion[] {
  const borders = new Map<number, Set<number>>();
  for (const { protocol, port, portPrefix } of entries) {
    if (protocol === 0) continue;
    const { first, last } = rangeOf(protocol, port, portPrefix);
    const known = borders.get(protocol) ?? new Set([0, LAST_PORT + 1]);
    borders.set(protocol, known.add(first).add(last + 1));
  }
  const regions = [...borders]
    .sort(([a], [b]) => a - b)
    .flatMap(([protocol, known]) => {
      const sorted = [...known].sort((a, b) => a - b);
      return sorted.slice(0, -1).map((first, index) => ({
        range: { protocol, first, last: (sorted[index + 1] ?? 0) - 1 },
        protocol,
        port: first,
      }));
    });
  const other = unnamed(borders);
  return [...regions, { range: { protocol: 0, first: 0, last: LAST_PORT }, protocol: other, port: 0 }];
}

/** A protocol that no entry names; 255 is reserved, so that hardly any does. */
function unnamed(named: ReadonlyMap<number, unknown>): number {
  let protocol = 255;
  while (named.has(protocol)) protocol -= 1;
  return protocol;
}
