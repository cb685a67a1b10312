/** How clients reach this server, for lists of nodes and peers. */
import { networkInterfaces } from 'node:os';

export interface NodeAddress {
  /** `10.0.0.1:4244`, `unix:///run/waggle/hubble.sock` */
  readonly address: string;
  /** Whether it speaks TLS, and under which name. */
  readonly tls?: { readonly serverName: string };
}

/**
 * The name under which clients look at the certificate of a node: the first that it is for. Below a wildcard that is the node's own
 * one, in which dots become hyphens, as in the field.
 */
export function serverName([name]: readonly string[], nodeName: string): string {
  if (name === undefined) return nodeName;
  return name.startsWith('*.') ? nodeName.replaceAll('.', '-') + name.slice(1) : name;
}

/** The address under which others reach this host, for a server that listens at `host`: of all addresses the first that is no loopback. */
export function reachableHost(host: string): string {
  const family = host === '0.0.0.0' ? 'IPv4' : 'IPv6';
  const isEverywhere = host === '0.0.0.0' || host === '::';
  const own = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'));
  // Who listens at :: takes IPv4, too.
  const best = own.find((each) => each.family === family) ?? (family === 'IPv6' ? own[0] : undefined);
  const found = isEverywhere ? (best?.address ?? 'localhost') : host;
  return found.includes(':') ? `[${found}]` : found;
}
