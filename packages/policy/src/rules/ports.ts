/** Ports and ICMP types of an element. */
import type { Part } from '../documents/part.ts';
import { ICMP_TYPES } from './icmp-types.ts';
import { readL7 } from './l7-reader.ts';
import type { ElementContext } from './peers.ts';
import type { Port, PortRule, Protocol } from './rule.ts';

/** How many ports one entry of toPorts may have, and how many fields one entry of icmps. */
export const MOST_PORTS = 40;
export const LAST_PORT = 65535;

const WITH_PORTS = ['TCP', 'UDP', 'SCTP'] as const;
const WITHOUT_PORTS = ['VRRP', 'IGMP'] as const;
const PROTOCOL_WORDS = [...WITH_PORTS, 'ANY', ...WITHOUT_PORTS] as const;
type ProtocolWord = (typeof PROTOCOL_WORDS)[number];

/** A port as it was written, before `ANY` becomes several. */
export interface WrittenPort {
  readonly part: Part;
  readonly protocol: ProtocolWord;
  /** A name, or the first and last number. */
  readonly port: string | { readonly first: number; readonly last: number };
}

const ALL_PORTS = { first: 0, last: LAST_PORT };

/** An entry of toPorts. */
export function readPortRule(part: Part, context: ElementContext): PortRule | undefined {
  const deny = context.action === 'deny';
  const fields = part.fields(
    [
      'ports',
      ...(deny ? [] : (['rules', 'terminatingTLS', 'originatingTLS', 'serverNames', 'listener'] as const)),
    ],
    deny
      ? { rules: 'A deny rule drops before a proxy sees the traffic: it cannot have rules of layer 7.' }
      : {},
  );
  if (fields === undefined) return undefined;
  const list = fields.get('ports');
  const items = list?.items() ?? [];
  if (items.length > MOST_PORTS) {
    list?.refuse(
      `There are ${items.length} ports here.`,
      `At most ${MOST_PORTS} are allowed: make several entries of it.`,
    );
  }
  const written = items.flatMap((item) => readPort(item) ?? []);
  const l7 = deny ? undefined : readL7(fields, written, items.length === 0, context);
  return { ports: written.flatMap(portsOf), ...(l7 && { l7 }), place: part.place };
}

/** An item of `ports`: `{ port, endPort, protocol }`. */
function readPort(part: Part): WrittenPort | undefined {
  const fields = part.fields(['port', 'endPort', 'protocol']);
  if (fields === undefined) return undefined;
  const protocolPart = fields.get('protocol');
  const protocol = protocolPart === undefined ? 'ANY' : readProtocol(protocolPart);
  const portPart = fields.get('port');
  const endPart = fields.get('endPort');
  if (portPart === undefined && protocolPart === undefined) {
    return part.refuse('There is neither a port nor a protocol here.', 'All ports are written as port: "0".');
  }
  const port = portPart === undefined ? ALL_PORTS : readPortNumberOrName(portPart);
  const end = endPart?.integer(0, LAST_PORT);
  if (protocol === undefined || port === undefined) return undefined;
  if ((WITHOUT_PORTS as readonly string[]).includes(protocol) && port !== ALL_PORTS) {
    return portPart?.refuse(`${protocol} has no ports.`, 'Leave the port out, or write "0".');
  }
  // An endPort of 0 is what an API server writes for one that was not given.
  if (endPart === undefined || end === undefined || end === 0) return { part, protocol, port };
  return { part, protocol, port: withEnd(endPart, port, end) ?? ALL_PORTS };
}

/** A range, from a port and its endPort. */
export function withEnd(
  part: Part,
  port: WrittenPort['port'],
  end: number,
): { first: number; last: number } | undefined {
  if (typeof port === 'string') return part.refuse('A port with a name cannot have an endPort.');
  if (end < port.first) {
    return part.refuse(`The range ends at ${end}, before its first port ${port.first}.`);
  }
  return { first: port.first, last: end };
}

function readProtocol(part: Part): ProtocolWord | undefined {
  const text = part.text();
  if (text === undefined) return undefined;
  const word = text.toUpperCase();
  if (word === '') return 'ANY';
  const found = PROTOCOL_WORDS.find((known) => known === word);
  if (found !== undefined) return found;
  const icmp = word.startsWith('ICMP') ? ' ICMP has a list of its own, icmps, beside toPorts.' : '';
  return part.refuse(
    `${JSON.stringify(text)} is no protocol here.`,
    `Allowed: ${PROTOCOL_WORDS.join(', ')}.${icmp}`,
  );
}

/** `"80"`, `80`, `"0"` or `""` for all ports, or a name. */
export function readPortNumberOrName(part: Part): WrittenPort['port'] | undefined {
  const { node } = part;
  const value = node.kind === 'scalar' ? node.value : undefined;
  const text = typeof value === 'number' ? String(value) : part.text();
  if (text === undefined) return undefined;
  if (text === '' || text === '0') return ALL_PORTS;
  if (isPortName(text)) return text.toLowerCase();
  const number = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : Number.NaN;
  if (number <= LAST_PORT) return { first: number, last: number };
  return part.refuse(
    `${JSON.stringify(text)} is no port.`,
    `Allowed: a number from 0 to ${LAST_PORT} ("0": all ports), or a name of at most 15 letters, digits and "-" with at least one letter.`,
  );
}

/** A service name as IANA has it (RFC 6335). */
export const isPortName = (text: string): boolean =>
  text.length <= 15 && /^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$/.test(text) && /[A-Za-z]/.test(text);

/** What was written, for each protocol that is meant. */
export function portsOf({ protocol, port }: Pick<WrittenPort, 'protocol' | 'port'>): Port[] {
  const protocols: readonly Protocol[] = protocol === 'ANY' ? WITH_PORTS : [protocol];
  return protocols.map((each) =>
    typeof port === 'string'
      ? { kind: 'named', protocol: each, name: port }
      : { kind: 'range', protocol: each, first: port.first, last: port.last },
  );
}

/** An entry of icmps: `{ fields: [{ family, type }] }`. */
export function readIcmpRule(part: Part): PortRule | undefined {
  const list = part.fields(['fields'])?.get('fields');
  const items = list?.items() ?? [];
  if (items.length > MOST_PORTS) {
    list?.refuse(
      `There are ${items.length} fields here.`,
      `At most ${MOST_PORTS} are allowed: make several entries of it.`,
    );
  }
  return { ports: items.flatMap((item) => readIcmpField(item) ?? []), place: part.place };
}

function readIcmpField(part: Part): Port | undefined {
  const fields = part.fields(['family', 'type']);
  const familyPart = fields?.get('family');
  const family = familyPart === undefined ? 'IPv4' : familyPart.oneOf(['IPv4', 'IPv6']);
  const typePart = fields?.need('type');
  if (family === undefined || typePart === undefined) return undefined;
  const type = readIcmpType(typePart, ICMP_TYPES[family], family);
  if (type === undefined) return undefined;
  return { kind: 'range', protocol: family === 'IPv4' ? 'ICMP' : 'ICMPv6', first: type, last: type };
}

function readIcmpType(
  part: Part,
  names: Readonly<Record<string, number>>,
  family: string,
): number | undefined {
  const value = part.node.kind === 'scalar' ? part.node.value : undefined;
  if (typeof value === 'string' && Object.hasOwn(names, value)) return names[value];
  const number = typeof value === 'string' && /^\d{1,3}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= 255) return number;
  return part.refuse(
    `This is no type of ICMP for ${family}.`,
    `Allowed: 0 to 255, or one of ${Object.keys(names).join(', ')}.`,
  );
}
