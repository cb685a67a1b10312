/** Where to look: the questions at which two answers about one world could differ. */
import { type Direction, PROTOCOL_NUMBERS, type Protocol } from '../rules/rule.ts';
import type { World } from './oracle.ts';

/** Where a verdict may change: protocols with the borders of all their ranges, named ports, one port that nobody names. */
export function interestingPorts({ rules, identities: all }: World): [protocol: number, port: number][] {
  const ports = new Map<number, Set<number>>([
    [PROTOCOL_NUMBERS.TCP, new Set([31337])],
    [UNKNOWN_PROTOCOL, new Set([0])],
  ]);
  const add = (protocol: Protocol, number: number): void => {
    const known = ports.get(PROTOCOL_NUMBERS[protocol]) ?? new Set([31337]);
    if (number >= 0 && number <= 65535) ports.set(PROTOCOL_NUMBERS[protocol], known.add(number));
  };
  const sections = rules.flatMap(({ ingress, egress }) => [ingress ?? [], egress ?? []].flat());
  const elements = sections.flatMap((one) => one.elements);
  for (const one of elements.flatMap((e) => e.ports ?? []).flatMap((p) => p.ports)) {
    if (one.kind === 'range') {
      for (const border of [one.first - 1, one.first, one.last, one.last + 1]) add(one.protocol, border);
    } else {
      for (const named of all.flatMap(({ namedPorts }) => namedPorts ?? [])) add(named.protocol, named.port);
    }
  }
  return [...ports].flatMap(([protocol, numbers]) =>
    [...numbers].map((number): [number, number] => [protocol, number]),
  );
}

/** GRE: a protocol that no rule can name. */
export const UNKNOWN_PROTOCOL = 47;
export const DIRECTIONS: readonly Direction[] = ['ingress', 'egress'];
