/** Packets for people: in a line, header by header, and byte by byte. */
import type { Packet } from '@waggle/agent/client';
import { icmpName } from '@waggle/flows/icmp';

const TRANSPORTS = ['tcp', 'udp', 'sctp'] as const;

/** A packet in a line: `10.0.0.1:3123 -> 10.0.0.2:8080 tcp SYN`. */
export function packetLine(packet: Packet): string {
  const { ip, arp, ethernet } = packet;
  if (arp) {
    const { operation, senderAddress, targetAddress } = arp;
    return operation === 1
      ? `arp who has ${targetAddress}? tell ${senderAddress}`
      : `arp ${senderAddress} is at ${arp.senderMac}`;
  }
  if (!ip)
    return ethernet ? `${ethernet.source} -> ${ethernet.destination} ${etherType(ethernet.type)}` : '-';
  for (const name of TRANSPORTS) {
    const header = packet[name];
    if (!header) continue;
    const from = endText(ip, ip.source, header.sourcePort);
    const to = endText(ip, ip.destination, header.destinationPort);
    const flags = packet.tcp ? packet.tcp.flags.map((flag) => ` ${flag}`).join('') : '';
    return `${from} -> ${to} ${name}${flags}`;
  }
  return `${ip.source} -> ${ip.destination} ${kindText(packet)}`;
}

const endText = ({ version }: { readonly version: number }, address: string, port: number): string =>
  version === 6 ? `[${address}]:${port}` : `${address}:${port}`;

const etherType = (type: number): string => `ethertype 0x${type.toString(16).padStart(4, '0')}`;

/** What IP carries that has no ports here. */
function kindText({ ip, icmp }: Packet): string {
  if (ip?.fragment && ip.fragment.offset > 0) return `fragment at ${ip.fragment.offset}`;
  if (!icmp) return `protocol ${ip?.protocol}`;
  const name = icmpName(ip?.version === 6 ? 'ICMPv6' : 'ICMPv4', icmp.type) ?? `icmp type ${icmp.type}`;
  return icmp.about ? `${name} (about ${packetLine(icmp.about)})` : name;
}

/** A packet header by header, a line each. */
export function packetLines(packet: Packet): string[] {
  const { ethernet, ip, tcp, udp, sctp, icmp, truncated } = packet;
  return [
    ethernet && fieldsText('Ethernet', { ...ethernet, type: etherType(ethernet.type) }),
    ip && fieldsText(`IPv${ip.version}`, ip),
    tcp && fieldsText('TCP', tcp),
    udp && fieldsText('UDP', udp),
    sctp && fieldsText('SCTP', sctp),
    icmp && fieldsText('ICMP', { ...icmp, about: icmp.about && packetLine(icmp.about) }),
    truncated && '(cut off)',
  ].filter((line) => typeof line === 'string');
}

function fieldsText(name: string, fields: object): string {
  const shown = Object.entries(fields).filter(([field, value]) => value !== undefined && field !== 'version');
  return `${name}  ${shown.map(([field, value]) => `${field}=${valueText(value)}`).join(' ')}`;
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.join(',');
  if (typeof value !== 'object' || value === null) return String(value);
  return `{${Object.entries(value)
    .map(([field, inner]) => `${field}=${valueText(inner)}`)
    .join(' ')}}`;
}

const ROW = 16;

/** Bytes as editors for them show them: their place, sixteen in a row, and what of them is text. */
export function hexLines(hex: string): string[] {
  const bytes = Buffer.from(hex, 'hex');
  const rows = Math.ceil(bytes.length / ROW);
  return Array.from({ length: rows }, (_, row) => {
    const part = bytes.subarray(row * ROW, (row + 1) * ROW);
    const pairs = [...part].map((byte) => byte.toString(16).padStart(2, '0'));
    const halves = [pairs.slice(0, ROW / 2).join(' '), pairs.slice(ROW / 2).join(' ')].join('  ');
    const text = [...part].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'));
    return `${(row * ROW).toString(16).padStart(8, '0')}  ${halves.padEnd(3 * ROW)}  |${text.join('')}|`;
  });
}
