/**
 * The client of Hubble's API, for commands: `@waggle/flows/hubble/client`. It asks any server of the API, waggle's or another; what goes
 * wrong on the way is a {@link WaggleError} that says what would be right.
 */
import { connect } from 'node:net';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { type Client, createClient } from '@connectrpc/connect';
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { WaggleError } from '@waggle/bpf/messages';
import { clientError } from './client-error.ts';
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from './generated/grpc/health/v1/health_pb.ts';
import {
  type GetAgentEventsRequestSchema,
  type GetAgentEventsResponse,
  type GetDebugEventsRequestSchema,
  type GetDebugEventsResponse,
  type GetFlowsRequestSchema,
  type GetFlowsResponse,
  type Namespace,
  type Node,
  Observer,
  type ServerStatusResponse,
} from './generated/observer/observer_pb.ts';
import { parseServer, type ServerAddress } from './server-address.ts';
import { readTls, type TlsFiles } from './tls-files.ts';

export * from './generated/flow/flow_pb.ts';
export {
  type GetAgentEventsResponse,
  GetAgentEventsResponseSchema,
  type GetDebugEventsResponse,
  GetDebugEventsResponseSchema,
  type GetFlowsRequest,
  GetFlowsRequestSchema,
  type GetFlowsResponse,
  GetFlowsResponseSchema,
  type Namespace,
  type Node,
  type ServerStatusResponse,
} from './generated/observer/observer_pb.ts';
export { NodeState } from './generated/relay/relay_pb.ts';

/** Milliseconds in which a connection must be there. */
const TIMEOUT = 5_000;
/** Milliseconds for which one is kept that nobody uses. */
const IDLE = 1_000;

/** Options of {@link HubbleClient}. */
export interface HubbleClientOptions {
  /** `unix:PATH`, `HOST:PORT`, `tls://HOST:PORT`. */
  readonly server: string;
  /** Speak TLS; `tls://` says so, too. */
  readonly tls?: boolean;
  /** A certificate of this client, and the authorities that the server's must be of; default: those of node. */
  readonly files?: TlsFiles;
  /** The name that the server's certificate must have, where it is not the host's. */
  readonly serverName?: string;
  /** Take any certificate. */
  readonly insecure?: boolean;
  /** Milliseconds in which a connection must be there. */
  readonly timeout?: number;
}

/** A client of one server. */
export class HubbleClient implements Disposable {
  readonly #server: ServerAddress;
  readonly #sessions: Http2SessionManager;
  readonly #observer: Client<typeof Observer>;
  readonly #health: Client<typeof Health>;
  readonly #timeout: number;

  /** @throws WaggleError MALFORMED for what is no address; see {@link readTls} for files. */
  constructor(options: HubbleClientOptions) {
    const { files = {}, serverName, insecure = false, timeout = TIMEOUT } = options;
    this.#timeout = timeout;
    const server = parseServer(options.server, options.tls ?? false);
    this.#server = server;
    const { names: _, ...material } = readTls(files);
    const { path } = server;
    this.#sessions = new Http2SessionManager(
      server.url,
      { idleConnectionTimeoutMs: IDLE },
      path === undefined
        ? { ...material, ...(serverName && { servername: serverName }), rejectUnauthorized: !insecure }
        : { createConnection: () => connect(path) },
    );
    const transport = createGrpcTransport({ baseUrl: server.url, sessionManager: this.#sessions });
    this.#observer = createClient(Observer, transport);
    this.#health = createClient(Health, transport);
  }

  /** Flows, until there are no more of those asked for or the signal comes. */
  flows(
    request: MessageInitShape<typeof GetFlowsRequestSchema>,
    signal?: AbortSignal,
  ): AsyncIterable<GetFlowsResponse> {
    return this.#stream(() => this.#observer.getFlows(request, { ...(signal && { signal }) }), signal);
  }

  agentEvents(
    request: MessageInitShape<typeof GetAgentEventsRequestSchema>,
    signal?: AbortSignal,
  ): AsyncIterable<GetAgentEventsResponse> {
    return this.#stream(() => this.#observer.getAgentEvents(request, { ...(signal && { signal }) }), signal);
  }

  debugEvents(
    request: MessageInitShape<typeof GetDebugEventsRequestSchema>,
    signal?: AbortSignal,
  ): AsyncIterable<GetDebugEventsResponse> {
    return this.#stream(() => this.#observer.getDebugEvents(request, { ...(signal && { signal }) }), signal);
  }

  status(): Promise<ServerStatusResponse> {
    return this.#ask(() => this.#observer.serverStatus({}, { timeoutMs: this.#timeout }));
  }

  /** Whether the server says that it serves. */
  async isHealthy(): Promise<boolean> {
    const { status } = await this.#ask(() =>
      this.#health.check({ service: 'hubble.server.Observer' }, { timeoutMs: this.#timeout }),
    );
    return status === ServingStatus.SERVING;
  }

  async nodes(): Promise<Node[]> {
    return (await this.#ask(() => this.#observer.getNodes({}, { timeoutMs: this.#timeout }))).nodes;
  }

  async namespaces(): Promise<Namespace[]> {
    return (await this.#ask(() => this.#observer.getNamespaces({}, { timeoutMs: this.#timeout }))).namespaces;
  }

  [Symbol.dispose](): void {
    this.#sessions.abort();
  }

  async #ask<T>(work: () => Promise<T>): Promise<T> {
    await this.#connected();
    try {
      return await work();
    } catch (error) {
      throw clientError(error, this.#server.text);
    }
  }

  async *#stream<T>(
    open: () => AsyncIterable<T>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<T, void, undefined> {
    await this.#connected();
    try {
      yield* open();
    } catch (error) {
      if (signal?.aborted) return;
      throw clientError(error, this.#server.text);
    }
  }

  /** A connection has to be there in time; a stream itself may last. */
  async #connected(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const message = `${this.#server.text} does not answer within ${this.#timeout / 1000} s`;
        reject(
          new WaggleError('NOT_FOUND', message, {
            hint: 'Name the server by --server, or wait longer by --timeout',
          }),
        );
      }, this.#timeout);
    });
    try {
      const state = await Promise.race([this.#sessions.connect(), late]);
      if (state === 'error') throw clientError(this.#sessions.error(), this.#server.text);
    } finally {
      clearTimeout(timer);
    }
  }
}
