/** Ports as users write them: a number with a protocol, or what the receiver calls it. */
import { WaggleError } from '@waggle/bpf/messages';
import { type NamedPort, PROTOCOL_NUMBERS, PROTOCOLS, type Protocol } from '@waggle/policy';

/** Protocols that have neither ports nor types. */
const PORTLESS: readonly Protocol[] = ['VRRP', 'IGMP'];

/**
 * Reads `80/TCP`, `8/ICMP` (a type), `http` (a named port), `80` (TCP), `IGMP`.
 *
 * @param named - The ports for which the receiver has names.
 * @throws WaggleError MALFORMED
 */
export function parsePort(text: string, named: readonly NamedPort[]): { protocol: number; port: number } {
  const [first = '', second] = text.split('/');
  const byName = named.find(
    ({ name, protocol }) => name === first.toLowerCase() && (second ?? protocol).toUpperCase() === protocol,
  );
  if (byName) return { protocol: PROTOCOL_NUMBERS[byName.protocol], port: byName.port };
  const alone = PROTOCOLS.find((name) => name.toLowerCase() === first.toLowerCase());
  if (alone && second === undefined && PORTLESS.includes(alone))
    return { protocol: PROTOCOL_NUMBERS[alone], port: 0 };
  const protocol = PROTOCOLS.find((name) => name.toLowerCase() === (second ?? 'TCP').toLowerCase());
  const port = Number(first);
  if (protocol && /^\d+$/.test(first) && port <= 0xffff)
    return { protocol: PROTOCOL_NUMBERS[protocol], port };
  const names = named.map(({ name }) => name);
  throw new WaggleError('MALFORMED', `${JSON.stringify(text)} is no port`, {
    hint: `Allowed: 80/TCP, 8/ICMP, 80${names.length > 0 ? `, ${names.join(', ')}` : ''}; protocols are ${PROTOCOLS.join(', ')}`,
  });
}
