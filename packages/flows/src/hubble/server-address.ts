/** Where a server is, as users and the environment of stock clients write it. */
import { isIPv6 } from 'node:net';
import { WaggleError } from '@waggle/bpf/messages';

export interface ServerAddress {
  /** For errors, as it was written. */
  readonly text: string;
  /** What the transport takes; of a socket only a name. */
  readonly url: string;
  /** Of a unix socket. */
  readonly path?: string;
}

/**
 * Reads `unix:PATH` or `unix:///PATH`, `HOST:PORT`, `[ADDRESS]:PORT`, and `tls://HOST:PORT`.
 * @param tls - Whether TLS is spoken where the address does not say so.
 * @throws WaggleError MALFORMED
 */
export function parseServer(text: string, tls: boolean): ServerAddress {
  const [, path] = /^unix:(?:\/\/)?(\/.+)$/.exec(text) ?? [];
  if (path !== undefined) return { text, url: 'http://localhost', path };
  const [, scheme, bracketed, name, port] =
    /^(?:(tls|tcp|dns|passthrough):\/\/\/?)?(?:\[([^\]]+)\]|([^:/[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? name;
  const isRight =
    host !== undefined && Number(port) <= 65_535 && (bracketed === undefined || isIPv6(bracketed));
  if (!isRight)
    throw new WaggleError('MALFORMED', `${JSON.stringify(text)} is no address of a server`, {
      hint: 'As unix:/run/waggle/hubble.sock, localhost:4244, [::1]:4244 or tls://node.example:4244',
    });
  const protocol = tls || scheme === 'tls' ? 'https' : 'http';
  return { text, url: `${protocol}://${bracketed === undefined ? host : `[${host}]`}:${port}` };
}
