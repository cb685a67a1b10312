/**
 * Hubble's API as stock clients speak it: gRPC over HTTP/2, on a unix socket and, if so wished, at an address, there with TLS. Whoever
 * starts it loads the libraries for that; the rest of the package does without them.
 */
import { createSecureServer, createServer, type Http2Session } from 'node:http2';
import type { Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { DescService } from '@bufbuild/protobuf';
import type { ConnectRouter } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import type { FlowSource } from '../source.ts';
import { Health } from './generated/grpc/health/v1/health_pb.ts';
import { ServerReflection as ReflectionV1 } from './generated/grpc/reflection/v1/reflection_pb.ts';
import { ServerReflection as ReflectionV1Alpha } from './generated/grpc/reflection/v1alpha/reflection_pb.ts';
import { Observer } from './generated/observer/observer_pb.ts';
import { Peer } from './generated/peer/peer_pb.ts';
import { healthService } from './health-service.ts';
import { listenAt, listenOnSocket } from './listen.ts';
import { type NodeAddress, observerService } from './observer-service.ts';
import { peerService } from './peer-service.ts';
import { reflectionServices } from './reflection-service.ts';
import { readTls, type TlsFiles } from './tls-files.ts';

/** Milliseconds that streams under way get when the server closes. */
const GRACE = 500;
/** Requests are small: a greater one is refused. */
const LONGEST_REQUEST = 1024 * 1024;

/** Options of {@link serveHubble}. */
export interface HubbleServerOptions {
  readonly source: FlowSource;
  /** The path of the unix socket. */
  readonly socket?: string;
  /** The group whose members may use the socket, too. */
  readonly group?: number;
  /** Where it listens beside that; port 0 for any. */
  readonly listen?: { readonly host: string; readonly port: number };
  /** For `listen`: the server's certificate and key; with `ca`, clients must have a certificate of these authorities (mTLS). */
  readonly tls?: TlsFiles;
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
  const tls = options.tls && readTls(options.tls);
  const ending = new AbortController();
  const opened: (() => Promise<void>)[] = [];
  let address: HubbleServer['address'];
  const at = (): NodeAddress => {
    if (!address) return { address: `unix://${socket}` };
    const [serverName] = tls?.names ?? [];
    return {
      address: `${reachable(address.host)}:${address.port}`,
      ...(tls && { tls: { serverName: serverName ?? options.source.status().nodeName } }),
    };
  };
  const handler = connectNodeAdapter({
    routes: (router) => addServices(router, options.source, at),
    shutdownSignal: ending.signal,
    readMaxBytes: LONGEST_REQUEST,
    connect: false,
    grpcWeb: false,
  });
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
      const { names: _, ...material } = tls ?? { names: [] };
      const mutual = { requestCert: true, rejectUnauthorized: true };
      const server = tls
        ? createSecureServer({ ...material, ...(tls.ca && mutual), minVersion: 'TLSv1.2' }, handler)
        : createServer(handler);
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

function addServices(router: ConnectRouter, source: FlowSource, at: () => NodeAddress): void {
  const services: readonly DescService[] = [Observer, Peer, Health, ReflectionV1, ReflectionV1Alpha];
  const reflection = reflectionServices(services);
  router
    .service(Observer, observerService(source, at))
    .service(Peer, peerService(source.status().nodeName, at))
    .service(Health, healthService(services.map(({ typeName }) => typeName)))
    .service(ReflectionV1, reflection.v1)
    .service(ReflectionV1Alpha, reflection.v1alpha);
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

/** The address under which others reach this host, of one under which it listens everywhere. */
function reachable(host: string): string {
  const family = host === '::' ? 'IPv6' : host === '0.0.0.0' ? 'IPv4' : undefined;
  const own = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find((each) => !each.internal && each.family === family && !each.address.startsWith('fe80:'));
  const found = own?.address ?? host;
  return found.includes(':') ? `[${found}]` : found;
}
