/**
 * Bindings: which addresses and ports belong to a label. Of several that fit a packet, the one with the longest prefix counts; of
 * those, the one with the fewest ports, so that a port goes before a range and a range before `*`; and of ranges of one
 * size, the one that begins first.
 */
import { describe, nearest, WaggleError } from '@waggle/bpf';
import { formatPrefix, type IpPrefix, parseNetwork } from '@waggle/kernel';
import { formatPorts, type PortRange, parsePorts } from './ports.ts';

export const protocols = ['tcp', 'udp'] as const;
export type Protocol = (typeof protocols)[number];

/** What becomes of packets when no socket of the label is alive: refused, left to the kernel, or given to another label. */
export type WhenMissing = 'drop' | 'pass' | { readonly fallback: string };

/** Addresses and ports that belong to a label. */
export interface Binding {
  readonly label: string;
  readonly protocol: Protocol;
  readonly prefix: IpPrefix;
  readonly ports: PortRange;
  readonly missing: WhenMissing;
}

/** A binding as a user writes it. */
export interface BindingText {
  readonly label: string;
  readonly protocol: string;
  readonly prefix: string;
  readonly port: string;
  /** `drop` (default), `pass`, or the name of another label after `fallback:`. */
  readonly missing?: string | undefined;
}

/**
 * Reads a binding.
 * @throws WaggleError MALFORMED for what is wrong with it; for a prefix with bits after its length, with the one that was meant.
 */
export function parseBinding({ label, protocol, prefix, port, missing = 'drop' }: BindingText): Binding {
  return {
    label: parseLabel(label),
    protocol: parseProtocol(protocol),
    prefix: parseNetwork(prefix),
    ports: parsePorts(port),
    missing: parseMissing(missing),
  };
}

/** Checks the name of a label. @throws WaggleError MALFORMED */
export function parseLabel(text: string): string {
  if (typeof text === 'string' && /^[A-Za-z0-9][\w.-]{0,62}$/.test(text)) return text;
  throw new WaggleError('MALFORMED', `${describe(text)} is no name for a label`, {
    hint: 'Use 1 to 63 letters, digits, dots, dashes and underscores, the first a letter or a digit',
  });
}

/** Reads the name of a protocol. @throws WaggleError MALFORMED */
export function parseProtocol(text: string): Protocol {
  const found = protocols.find((protocol) => protocol === text);
  if (found) return found;
  const meant = nearest(String(text).toLowerCase(), protocols);
  throw new WaggleError('MALFORMED', `${describe(text)} is no protocol that can be steered`, {
    hint: meant === undefined ? 'There are tcp and udp' : `Did you mean ${meant}?`,
  });
}

function parseMissing(text: string): WhenMissing {
  if (text === 'drop' || text === 'pass') return text;
  const [, fallback] = /^fallback:(.*)$/.exec(text) ?? [];
  if (fallback !== undefined) return { fallback: parseLabel(fallback) };
  throw new WaggleError('MALFORMED', `${describe(text)} is nothing to do without a socket`, {
    hint: 'Write drop, pass, or fallback:LABEL',
  });
}

/** Writes the third kind of {@link WhenMissing} as it is read. */
export const formatMissing = (missing: WhenMissing): string =>
  typeof missing === 'string' ? missing : `fallback:${missing.fallback}`;

/** A binding as it is written: `tcp 10.0.0.0/24 80-90`. Two bindings with the same text would be in each other's way. */
export const placeOf = ({ protocol, prefix, ports }: Omit<Binding, 'label' | 'missing'>): string =>
  `${protocol} ${formatPrefix(prefix)} ${formatPorts(ports)}`;

/** Where a label is bound, and how it is written: `www: tcp 10.0.0.0/24 80`. */
export const formatBinding = (binding: Binding): string => `${binding.label}: ${placeOf(binding)}`;
