/**
 * Hubble's API as stock clients speak it: gRPC over HTTP/2, on a unix socket and, if so wished, at an address, there with TLS. Until
 * somebody asks, all there is are sockets: the libraries for gRPC come with the first request.
 */
import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type Http2Session,
} from 'node:http2';
import type { Server } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import type { FlowSource } from '../source.ts';
import { listenAt, listenOnSocket } from './listen.ts';
import { type NodeAddress, reachableHost, serverName } from './node-address.ts';
import { RenewedTls } from './renewed-tls.ts';
import type { TlsFiles } from './tls-files.ts';

/** Milliseconds that streams under way get when the server closes. */
const GRACE = 500;

/** Answers requests of HTTP/2. */
export type Handler = (request: Http2ServerRequest, response: Http2ServerResponse) => void;

/** Options of {@link serveHubble}. */
export interface HubbleServerOptions {
  readonly source: FlowSource;
  /** The path of the unix socket. */
  readonly socket?: string;
  /** The group whose members may use the socket, too. */
  readonly group?: number;
  /** Where it listens beside that; port 0 for any. */
  readonly listen?: { readonly host: string; readonly port: number };
  /**
   * For `listen`: the server's certificate and key; with `ca`, clients must have a certificate of these authorities (mTLS). Files that
   * change are read anew, for whoever connects from then on.
   */
  readonly tls?: TlsFiles;
  /** Something failed, and the server goes on. */
  readonly onProblem?: (message: string) => void;
}

/** A server that runs. */
export interface HubbleServer extends AsyncDisposable {
  /** Where it listens beside the socket. */
  readonly address?: { readonly host: string; readonly port: number };
  /** Ends all streams, and takes the socket away. */
  close(): Promise<void>;
}

/**
 * Serves the API.
 * @throws WaggleError for an address or a socket that cannot be had, see {@link listenAt} and {@link listenOnSocket}, and for
 *   files of TLS, see {@link readTls}. Nothing is left open then.
 */
export async function serveHubble(options: HubbleServerOptions): Promise<HubbleServer> {
  const { socket, group, listen } = options;
  const tls = options.tls && new RenewedTls(options.tls, options.onProblem ?? (() => {}));
  const ending = new AbortController();
  const opened: (() => Promise<void>)[] = [];
  let address: HubbleServer['address'];
  const at = (): NodeAddress => {
    if (!address) return { address: `unix://${socket}` };
    return {
      address: `${reachableHost(address.host)}:${address.port}`,
      ...(tls && { tls: { serverName: serverName(tls.material.names, options.source.status().nodeName) } }),
    };
  };
  const handler = loadedOnce(async () =>
    (await import('./services.ts')).hubbleHandler(options.source, at, ending.signal),
  );
  const close = async (): Promise<void> => {
    ending.abort();
    await Promise.all(opened.splice(0).map((end) => end()));
  };
  try {
    if (socket !== undefined) {
      const server = createServer((request, response) => {
        // Clients of a socket send what they like for its name, and not all of that is one.
        request.headers[':authority'] = 'localhost';
        handler(request, response);
      });
      const end = closing(server);
      const removePath = await listenOnSocket(server, socket, group);
      opened.push(async () => {
        removePath();
        await end();
      });
    }
    if (listen) {
      const server = tls ? secureServer(tls, handler) : createServer(handler);
      const end = closing(server);
      await listenAt(server, listen);
      const bound = server.address();
      address = { ...listen, ...(bound !== null && typeof bound === 'object' && { port: bound.port }) };
      opened.push(end);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { ...(address && { address }), close, [Symbol.asyncDispose]: close };
}

/** A server of TLS; those who connect get the certificate that is in the files then. */
function secureServer(tls: RenewedTls, handler: Handler): Http2SecureServer {
  const context = (): SecureContextOptions => {
    const { names: _, ...material } = tls.material;
    return { ...material, minVersion: 'TLSv1.2' };
  };
  const mutual = { requestCert: true, rejectUnauthorized: true };
  const server = createSecureServer({ ...context(), ...(tls.material.ca && mutual) }, handler);
  // Before the server itself hears of the connection, and begins with what it has.
  return server.prependListener('connection', () => {
    if (tls.renew()) server.setSecureContext(context());
  });
}

/** A handler that is loaded with its first request. */
function loadedOnce(load: () => Promise<Handler>): Handler {
  let loading: Promise<Handler> | undefined;
  return (request, response) => {
    loading ??= load();
    loading.then(
      (handle) => {
        // Of one who has gone in the meantime the handler would never hear.
        if (!request.stream.destroyed) handle(request, response);
      },
      (error: unknown) => request.stream.destroy(error instanceof Error ? error : undefined),
    );
  };
}

/** What ends a server with all its connections. */
function closing(server: Server): () => Promise<void> {
  const sessions = new Set<Http2Session>();
  server.on('session', (session: Http2Session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  return async () => {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const session of sessions) session.close();
    const timer = setTimeout(() => {
      for (const session of sessions) session.destroy();
    }, GRACE);
    await closed;
    clearTimeout(timer);
  };
}
