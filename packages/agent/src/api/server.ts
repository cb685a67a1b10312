/** The API's server: takes requests apart, lets the path's handler answer, makes answers of errors. HTTP itself is hono's. */
import { createServer, type IncomingMessage } from 'node:http';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import type { AgentControl } from '../control.ts';
import { readBody } from './body.ts';
import { type Failure, failureOf } from './errors.ts';
import { API_HEADER, API_VERSION, ERROR_HEADER, UNKNOWN_PATH } from './protocol.ts';
import { OtherAnswer, type Route } from './route.ts';
import { routes } from './routes.ts';
import { listenOn } from './socket.ts';

type ApiContext = Context<{ Bindings: HttpBindings }>;

/** Milliseconds in which a request must have come in; a client that is slower is cut off. */
const REQUEST_TIMEOUT = 30_000;
/** Milliseconds that requests under way get when the server closes. */
const GRACE = 1_000;

/** Options of {@link serveApi}. */
export interface ApiServerOptions {
  readonly agent: AgentControl;
  /** The path of the socket. */
  readonly socket: string;
  /** The group whose members may use the API, too. */
  readonly group?: number;
  /** Is told of requests that failed for no reason of the client's. */
  readonly onFailure?: (error: unknown, request: { readonly method: string; readonly path: string }) => void;
}

/** A server that runs. */
export interface ApiServer extends AsyncDisposable {
  readonly socket: string;
  /** Takes no more requests, lets those under way end, and takes the socket away. */
  close(): Promise<void>;
}

/**
 * Serves the API.
 *
 * @throws {@link WaggleError} EXISTS when another agent answers at the socket.
 */
export async function serveApi(options: ApiServerOptions): Promise<ApiServer> {
  const app = apiApplication(options);
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT, headersTimeout: REQUEST_TIMEOUT },
    getRequestListener(app.fetch, { overrideGlobalObjects: false }),
  );
  const removeSocket = await listenOn(server, options.socket, options.group);
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    removeSocket();
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeIdleConnections();
    // Those who follow events would never end by themselves.
    const timer = setTimeout(() => server.closeAllConnections(), GRACE);
    await closed;
    clearTimeout(timer);
  };
  return { socket: options.socket, close, [Symbol.asyncDispose]: close };
}

function apiApplication({ agent, onFailure }: ApiServerOptions): Hono<{ Bindings: HttpBindings }> {
  // Not strict: the field's clients end some paths with a slash.
  const app = new Hono<{ Bindings: HttpBindings }>({ strict: false });
  for (const route of routes) {
    app.on(route.method.toUpperCase(), honoPath(route.path), async (c) => {
      // To hono the same as GET; but nobody would read what a stream gives.
      if (c.req.method === 'HEAD') return notAllowed(c, route.path);
      try {
        return answerOf(route, await route.run(agent, await rawRequest(c, route)));
      } catch (error) {
        const failure = failureOf(error, route.statusOf);
        if (failure.unexpected) onFailure?.(error, { method: c.req.method, path: c.req.path });
        return failed(failure);
      }
    });
  }
  for (const { path } of routes) app.all(honoPath(path), (c) => notAllowed(c, path));
  app.notFound((c) =>
    failed({
      status: 404,
      code: UNKNOWN_PATH,
      message: `There is no path ${c.req.path.slice(0, 200)} in this API: /v1/openapi.json lists those that there are.`,
    }),
  );
  return app;
}

function notAllowed({ req }: ApiContext, path: string): Response {
  const ofPath = routes.filter((route) => route.path === path);
  const allow = ofPath.map(({ method }) => method.toUpperCase()).join(', ');
  const message = `${req.method} is not allowed for ${path}: allowed is ${allow}.`;
  return failed({ status: 405, code: UNKNOWN_PATH, message }, { allow });
}

/** Without its last slash: requests are looked up without theirs. */
const honoPath = (path: string): string => path.replace(/\{(\w+)\}/g, ':$1').replace(/\/$/, '');

async function rawRequest(c: ApiContext, { body, bodyType, bodyLimit }: Route) {
  const { incoming } = c.env;
  return {
    parameters: c.req.param(),
    query: c.req.query(),
    headers: incoming.headers,
    // Not from the Request: it has none for a GET, and the field's clients send some with it.
    body: body ? await readBody(incoming as IncomingMessage, bodyType, bodyLimit) : undefined,
  };
}

function answerOf(route: Route, result: unknown): Response {
  if (result instanceof OtherAnswer) return json(result.status, result.body);
  if (result === undefined) return new Response(null, { status: route.status, headers: apiHeaders() });
  if (route.answerType === 'application/json') return json(route.status, result);
  const headers = apiHeaders({ 'content-type': route.answerType });
  if (result instanceof ReadableStream) return new Response(result, { status: route.status, headers });
  return new Response(String(result), { status: route.status, headers });
}

const failed = (
  { status, code, message }: Omit<Failure, 'unexpected'>,
  headers: Record<string, string> = {},
): Response => json(status, message, { ...headers, [ERROR_HEADER]: code });

const json = (status: number, value: unknown, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(value), {
    status,
    headers: apiHeaders({ ...headers, 'content-type': 'application/json' }),
  });

const apiHeaders = (more: Record<string, string> = {}): Record<string, string> => ({
  ...more,
  [API_HEADER]: API_VERSION,
});
