/** The API's server: takes requests apart, lets the path's handler answer, makes answers of errors. */
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { AgentControl } from '../control.ts';
import { readBody } from './body.ts';
import { type Failure, failureOf } from './errors.ts';
import { PathTable } from './path-table.ts';
import { API_HEADER, API_VERSION, ERROR_HEADER, UNKNOWN_PATH } from './protocol.ts';
import { OtherAnswer, type Route } from './route.ts';
import { routes } from './routes.ts';
import { listenOn } from './socket.ts';

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
  const timeouts = { requestTimeout: REQUEST_TIMEOUT, headersTimeout: REQUEST_TIMEOUT };
  const server = createServer(timeouts, (request, response) => {
    answer(request, options).then((given) => send(response, given));
  });
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

/** What is answered to a request. */
interface Answer {
  readonly status: number;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | ReadableStream<Uint8Array>;
}

/** Does what a request asks for; never fails. */
async function answer(request: IncomingMessage, { agent, onFailure }: ApiServerOptions): Promise<Answer> {
  const { method = 'GET', url = '/' } = request;
  const [path = '', query = ''] = url.split(/\?(.*)/s);
  const found = PATHS.find(path);
  if (!found) {
    const message = `There is no path ${path.slice(0, 200)} in this API: /v1/openapi.json lists those that there are.`;
    return failed({ status: 404, code: UNKNOWN_PATH, message });
  }
  const { entries, parameters } = found;
  const route = entries.find((entry) => entry.method.toUpperCase() === method);
  if (!route) return notAllowed(method, entries);
  try {
    const result = await route.run(agent, {
      parameters,
      query: firstOfEach(new URLSearchParams(query)),
      headers: request.headers,
      body: route.body ? await readBody(request, route.bodyType, route.bodyLimit) : undefined,
    });
    // What is answered holds, whatever becomes of this process.
    if (method !== 'GET') await agent.saved();
    return answerOf(route, result);
  } catch (error) {
    const failure = failureOf(error, route.statusOf);
    if (failure.unexpected) onFailure?.(error, { method, path });
    return failed(failure);
  }
}

const PATHS = new PathTable(routes);

/** Of a name that is given twice, the first value. */
const firstOfEach = (query: URLSearchParams): Record<string, string> =>
  Object.fromEntries([...query].reverse());

function notAllowed(method: string, ofPath: readonly Route[]): Answer {
  const allow = ofPath.map((route) => route.method.toUpperCase()).join(', ');
  const message = `${method} is not allowed for ${ofPath[0]?.path}: allowed is ${allow}.`;
  return failed({ status: 405, code: UNKNOWN_PATH, message }, { allow });
}

function answerOf({ status, answerType }: Route, result: unknown): Answer {
  if (result instanceof OtherAnswer) return json(result.status, result.body);
  if (result === undefined) return { status };
  if (answerType === 'application/json') return json(status, result);
  const headers = { 'content-type': answerType };
  return { status, headers, body: result instanceof ReadableStream ? result : String(result) };
}

const failed = (
  { status, code, message }: Omit<Failure, 'unexpected'>,
  headers: OutgoingHttpHeaders = {},
): Answer => json(status, message, { ...headers, [ERROR_HEADER]: code });

const json = (status: number, value: unknown, headers: OutgoingHttpHeaders = {}): Answer => ({
  status,
  headers: { ...headers, 'content-type': 'application/json' },
  body: JSON.stringify(value),
});

/** A client that goes away before it has everything is no failure; a stream ends with it. */
async function send(response: ServerResponse, { status, headers, body }: Answer): Promise<void> {
  response.writeHead(status, { ...headers, [API_HEADER]: API_VERSION });
  if (!(body instanceof ReadableStream)) {
    response.end(body);
    return;
  }
  response.flushHeaders();
  await pipeline(Readable.fromWeb(body), response).catch(() => {});
}
