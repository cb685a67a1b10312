/**
 * The way to the agent: HTTP over its unix socket, one connection for each request. What goes wrong is a {@link WaggleError} that
 * says what to do: no agent there, no permission, another version; or what the agent itself said, under its code.
 */
import { type IncomingMessage, request } from 'node:http';
import { type ErrorCode, WaggleError } from '@waggle/bpf/messages';
import { API_HEADER, ERROR_HEADER, UNKNOWN_PATH } from './protocol.ts';

/** A request. */
export interface ApiRequest {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  /** With its leading slash; parts that come from outside are encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, in place of `body`. */
  readonly text?: string;
  readonly signal?: AbortSignal;
}

/** What the agent itself said in place of doing it. */
export class ApiError extends WaggleError {
  override readonly name = 'ApiError';
  /** Of HTTP. */
  readonly status: number;

  constructor(code: ErrorCode, status: number, message: string) {
    super(code, message);
    this.status = status;
  }
}

/** The connections to one agent. */
export class Connection {
  readonly #socket: string;
  readonly #timeout: number;

  /** @param timeout - After how many milliseconds of silence a request is given up. */
  constructor(socket: string, timeout: number) {
    this.#socket = socket;
    this.#timeout = timeout;
  }

  /** Asks, and gives the answer's JSON; undefined for an answer without a body. */
  async json(asked: ApiRequest): Promise<unknown> {
    const text = await this.text(asked);
    if (text === '') return undefined;
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new WaggleError('MALFORMED', `The agent's answer to ${named(asked)} is not JSON`, {
        hint: 'Restart the agent: it may be of another version',
        cause,
      });
    }
  }

  /** Asks, and gives the answer's text. */
  async text(asked: ApiRequest): Promise<string> {
    const response = await this.#send(asked, this.#timeout);
    return this.#textOf(response, asked);
  }

  /** Asks, and gives each line of the answer as it comes, until the agent ends it or the caller stops. */
  async *lines(asked: ApiRequest): AsyncGenerator<string, void, undefined> {
    try {
      const response = await this.#send(asked, 0);
      try {
        let rest = '';
        for await (const chunk of response.setEncoding('utf8')) {
          const lines = `${rest}${chunk}`.split('\n');
          rest = lines.pop() ?? '';
          yield* lines;
        }
      } finally {
        response.destroy();
      }
    } catch (error) {
      if (!asked.signal?.aborted) throw this.#broken(error, asked);
    }
  }

  async #send(asked: ApiRequest, timeout: number): Promise<IncomingMessage> {
    const { method = 'GET', signal } = asked;
    const content = asked.text ?? (asked.body === undefined ? undefined : JSON.stringify(asked.body));
    const type = asked.text === undefined ? 'application/json' : 'text/plain; charset=utf-8';
    const headers = {
      ...asked.headers,
      accept: 'application/json',
      // Set by hand: node would send no length with a GET, whose body would then be lost.
      ...(content !== undefined && { 'content-type': type, 'content-length': Buffer.byteLength(content) }),
    };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request({
        socketPath: this.#socket,
        path: pathOf(asked),
        method,
        headers,
        agent: false,
        timeout,
        ...(signal && { signal }),
      });
      sent.on('response', resolve);
      sent.on('error', reject);
      sent.on('timeout', () => {
        sent.destroy(
          new WaggleError(
            'BUSY',
            `The agent has not answered ${named(asked)} for ${timeout / 1000} seconds`,
            {
              hint: 'Look at its log, and at `waggle status`',
            },
          ),
        );
      });
      sent.end(content);
    }).catch((error: unknown) => {
      throw this.#broken(error, asked);
    });
    if (response.headers[API_HEADER] === undefined) {
      response.destroy();
      throw new WaggleError('NOT_SUPPORTED', `What answers at ${this.#socket} is no agent of waggle`, {
        hint: 'Name the socket of the agent with --socket or WAGGLE_SOCKET',
      });
    }
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    throw refused(asked, status, response.headers[ERROR_HEADER], await this.#textOf(response, asked));
  }

  async #textOf(response: IncomingMessage, asked: ApiRequest): Promise<string> {
    let text = '';
    try {
      for await (const chunk of response.setEncoding('utf8')) text += chunk;
    } catch (error) {
      throw this.#broken(error, asked);
    }
    return text;
  }

  /** Why there is no answer. */
  #broken(error: unknown, asked: ApiRequest): unknown {
    if (error instanceof WaggleError || asked.signal?.aborted) return error;
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const socket = this.#socket;
    if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTSOCK')
      return new WaggleError('NOT_FOUND', `No agent is running: nobody answers at ${socket}`, {
        hint: 'Start it with `waggle agent`, or name the socket of another one with --socket or WAGGLE_SOCKET',
        cause: error,
      });
    if (code === 'EACCES' || code === 'EPERM')
      return new WaggleError('DENIED', `You may not open the agent's socket ${socket}`, {
        hint: 'Do it as root, or as a member of the group that the socket belongs to',
        cause: error,
      });
    return new WaggleError('CLOSED', `The agent broke off before it had answered ${named(asked)}`, {
      hint: 'Look whether it is still running, with `waggle status`; its log says why',
      cause: error,
    });
  }
}

/** What the agent said instead of doing it. */
function refused(asked: ApiRequest, status: number, header: unknown, text: string): WaggleError {
  if (header === UNKNOWN_PATH)
    return new WaggleError('NOT_SUPPORTED', `The agent does not know ${named(asked)}`, {
      hint: 'It is of another version than this command: restart it',
    });
  const code = CODES.find((one) => one === header) ?? 'SYSTEM';
  const message = messageOf(text) ?? `The agent answered ${named(asked)} with status ${status}.`;
  return new ApiError(code, status, message);
}

/** Errors are JSON strings. */
function messageOf(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' && value !== '' ? value : undefined;
  } catch {
    return undefined;
  }
}

const CODES: readonly ErrorCode[] = [
  'WRONG_TYPE',
  'OUT_OF_RANGE',
  'UNKNOWN_FIELD',
  'MISSING_FIELD',
  'WRONG_SIZE',
  'BAD_DECLARATION',
  'MALFORMED',
  'CLOSED',
  'NOT_FOUND',
  'EXISTS',
  'BUSY',
  'FULL',
  'DENIED',
  'LOCKED_DOWN',
  'NOT_SUPPORTED',
  'VERIFIER_REJECTED',
  'INVALID',
  'SYSTEM',
];

const named = ({ method = 'GET', path }: ApiRequest): string => `${method} ${path}`;

function pathOf({ path, query = {} }: ApiRequest): string {
  const given = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) given.set(key, String(value));
  return given.size === 0 ? path : `${path}?${given}`;
}
