/**
 * What the maps hold, for people and programs: rows of named columns, with names for numbers where the field has some. They are
 * made of what {@link Datapath} reads, so that there is one place that knows what keys and values mean.
 */
import { type Infer, IpProtocol, ntoh16 } from '@waggle/bpf';
import { addressText } from '../address-words.ts';
import type { ConnectionView } from '../connection-list.ts';
import type { Datapath } from '../datapath.ts';
import type { EndpointSpec } from '../endpoint-table.ts';
import { reasonName } from '../events/names.ts';
import { type End, type Translation, type TranslationKey, Way } from '../nat.bpf.ts';
import type { PeerView } from '../peer-table.ts';
import type { InstalledEntry } from '../policy-map.ts';
import type { PublishedView } from '../published-ports.ts';
import type { TrafficView } from '../traffic-counts.ts';

/** Columns by their names, in their order. */
export type Columns = Readonly<Record<string, string | number>>;

export interface MapRow {
  readonly key: Columns;
  readonly value: Columns;
}

/** The maps that there are rows of. */
const TABLES = {
  *policies(datapath: Datapath) {
    for (const identity of datapath.policyIdentities()) {
      for (const entry of datapath.policyEntries(identity) ?? []) yield policyRow(identity, entry);
    }
  },
  *connections4(datapath: Datapath) {
    for (const connection of datapath.connections(4)) yield connectionRow(connection);
  },
  *connections6(datapath: Datapath) {
    for (const connection of datapath.connections(6)) yield connectionRow(connection);
  },
  *ipcache(datapath: Datapath) {
    for (const peer of datapath.peers('networks')) yield peerRow(peer);
  },
  *ipcacheHosts(datapath: Datapath) {
    for (const peer of datapath.peers('hosts')) yield peerRow(peer);
  },
  *endpoints(datapath: Datapath) {
    for (const { spec } of datapath.endpoints()) if (spec) yield* endpointRows(spec);
  },
  *metrics(datapath: Datapath) {
    for (const traffic of datapath.metrics()) yield metricRow(traffic);
  },
  *translations({ maps }: Datapath) {
    for (const [key, value] of maps.translations) yield translationRow(key, value);
  },
  *published(datapath: Datapath) {
    for (const each of datapath.published()) yield publishedRow(each);
  },
} as const;

/** The rows of a map, by its name; undefined for a map that has none. */
export function mapRows(datapath: Datapath, name: string): Iterable<MapRow> | undefined {
  return Object.hasOwn(TABLES, name) ? TABLES[name as keyof typeof TABLES](datapath) : undefined;
}

/** Columns in a line. */
export const columnsText = (columns: Columns): string =>
  Object.entries(columns)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');

const PROTOCOLS: Readonly<Record<number, string>> = {
  [IpProtocol.Icmp]: 'icmp',
  [IpProtocol.Tcp]: 'tcp',
  [IpProtocol.Udp]: 'udp',
  [IpProtocol.Icmpv6]: 'icmp6',
  [IpProtocol.Sctp]: 'sctp',
};
const protocolName = (protocol: number): string => PROTOCOLS[protocol] ?? String(protocol);
const isIcmp = (protocol: number): boolean => protocol === IpProtocol.Icmp || protocol === IpProtocol.Icmpv6;

const endText = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

/** An entry of a policy. */
export function policyRow(identity: number, entry: InstalledEntry): MapRow {
  const { direction, identity: peer, action, audit, cookie, proxyPort } = entry;
  return {
    key: { identity, direction, peer: peer === 0 ? 'any' : peer, port: portText(entry) },
    value: {
      action,
      ...(proxyPort !== 0 && { proxyPort }),
      ...(audit && { audit: 'yes' }),
      cookie,
    },
  };
}

/** `8080/tcp`, `8080-8087/tcp`, `any/udp`, `type 8/icmp`, `any`. */
function portText({ protocol, port, portPrefix }: InstalledEntry): string {
  if (protocol === 0) return 'any';
  const last = port + 2 ** (16 - portPrefix) - 1;
  const ports = portPrefix === 0 ? 'any' : portPrefix === 16 ? String(port) : `${port}-${last}`;
  return `${isIcmp(protocol) && portPrefix !== 0 ? 'type ' : ''}${ports}/${protocolName(protocol)}`;
}

/** A connection. */
export function connectionRow(connection: ConnectionView): MapRow {
  const { protocol, source, sourcePort, destination, destinationPort, state } = connection;
  const { sourceIdentity, destinationIdentity, secondsLeft, egressCookie, ingressCookie } = connection;
  return {
    key: {
      protocol: protocolName(protocol),
      source: endText(source, sourcePort),
      destination: endText(destination, destinationPort),
    },
    value: {
      state,
      expires: secondsLeft > 0 ? `${secondsLeft}s` : 'expired',
      sourceIdentity,
      destinationIdentity,
      ...(egressCookie !== 0 && { egressCookie }),
      ...(ingressCookie !== 0 && { ingressCookie }),
      ...(connection.audit && { audit: 'yes' }),
      ...(!connection.current && { policy: 'changed' }),
    },
  };
}

/** Who is behind a prefix. */
export const peerRow = ({ prefix, identity }: PeerView): MapRow => ({ key: { prefix }, value: { identity } });

/** The addresses of an endpoint. */
export function endpointRows({ ipv4, ipv6, interface: device, identity, mac }: EndpointSpec): MapRow[] {
  return [ipv4, ipv6]
    .filter((address) => address !== undefined)
    .map((address) => ({ key: { address }, value: { identity, interface: device, mac } }));
}

/** What was counted. */
export const metricRow = ({ reason, towards, packets, bytes }: TrafficView): MapRow => ({
  key: { reason, name: reasonName(reason), direction: towards === 'Endpoint' ? 'ingress' : 'egress' },
  value: { packets: String(packets), bytes: String(bytes) },
});

/** A translation, one way. */
export function translationRow(
  { near, far, protocol, way }: Infer<typeof TranslationKey>,
  { end }: Infer<typeof Translation>,
): MapRow {
  return {
    key: {
      protocol: protocolName(protocol),
      way: way === Way.Out ? 'out' : 'in',
      near: natEndText(near),
      far: natEndText(far),
    },
    value: { translated: natEndText(end) },
  };
}

/** A published port at one address. */
export const publishedRow = (view: PublishedView): MapRow => ({
  key: { protocol: view.protocol.toLowerCase(), at: endText(view.address, view.hostPort) },
  value: { endpoint: endText(view.target, view.port) },
});

const natEndText = ({ address, port }: Infer<typeof End>): string =>
  endText(addressText(address), ntoh16(port.number));
