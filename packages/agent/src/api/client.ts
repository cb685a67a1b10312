/**
 * The client of the agent's API, for commands: `@waggle/agent/client`. A method for each path, typed by the very models that the
 * server checks requests with. It starts fast: of the models only the types come along, and nothing of the kernel or the policy engine.
 */
import type { Trace } from '@waggle/policy';
import type { MonitorEvent, PolicyApplied } from '../control.ts';
import { ApiError, type ApiRequest, Connection } from './connection.ts';
import type { DaemonConfiguration, DaemonConfigurationSpec } from './models/config.ts';
import type { DebugInfo } from './models/debug.ts';
import type {
  Endpoint,
  EndpointConfigurationSpec,
  EndpointConfigurationStatus,
  EndpointHealth,
  EndpointStatusLog,
  LabelConfiguration,
} from './models/endpoint.ts';
import type { EndpointChangeRequest } from './models/endpoint-request.ts';
import type { Device } from './models/extension.ts';
import type { Identity, IdentityEndpoints, IPListEntry } from './models/identity.ts';
import type { IPAMResponse } from './models/ipam.ts';
import type { BPFMap, BPFMapList, Metric } from './models/map.ts';
import type {
  Policy,
  PolicyDocuments,
  PolicyTraceResult as PolicyTraceResultModel,
  SelectorCache,
  TraceSelector,
} from './models/policy.ts';
import type { StatusResponse } from './models/status.ts';
import { DEFAULT_SOCKET } from './protocol.ts';

export type { Packet } from '@waggle/datapath';
export type {
  EventEnd,
  NamedDrop,
  NamedEndpoint,
  NamedEvent,
  NamedTrace,
  NamedVerdict,
} from '../events/monitor-event.ts';
export { ApiError } from './connection.ts';
export type * from './models/common.ts';
export type * from './models/config.ts';
export type * from './models/debug.ts';
export type * from './models/endpoint.ts';
export type * from './models/endpoint-request.ts';
export type * from './models/identity.ts';
export type * from './models/ipam.ts';
export type * from './models/map.ts';
export type { Policy, PolicyDocuments, SelectorCache, TraceSelector } from './models/policy.ts';
export type * from './models/status.ts';
export { DEFAULT_SOCKET } from './protocol.ts';
export type { Device, MonitorEvent, PolicyApplied };

/** What a trace came to, with the policy engine's own account of it for each port. */
export type PolicyTraceResult = Omit<PolicyTraceResultModel, 'traces'> & { readonly traces: Trace[] };

/** Which endpoint: its number, or an id with a prefix, as `container-name:web`, `ipv4:10.0.0.7`, `name:web`. */
export type EndpointId = number | string;

/** Options of {@link AgentClient}. */
export interface ClientOptions {
  /** Default: the environment's WAGGLE_SOCKET, else {@link DEFAULT_SOCKET}. */
  readonly socket?: string;
  /** After how many milliseconds of silence a request is given up. Default: 60,000. */
  readonly timeout?: number;
}

/** Options of policies that are applied. */
export interface ApplyOptions {
  /** What the text is called in messages. */
  readonly file?: string;
  /** Of resources that name none. */
  readonly namespace?: string;
  /** Whether they take the place of all that came by the API. */
  readonly replace?: boolean;
}

/** The name of a resource; what is absent is any. */
export interface DocumentName {
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
}

/** See the head of this file. All methods throw a WaggleError that says what to do. */
export class AgentClient {
  /** Where the agent is asked. */
  readonly socket: string;
  readonly #connection: Connection;

  constructor({ socket, timeout = 60_000 }: ClientOptions = {}) {
    this.socket = socket ?? (process.env.WAGGLE_SOCKET || DEFAULT_SOCKET);
    this.#connection = new Connection(this.socket, timeout);
  }

  /** How the agent and its parts are; `brief`: only the agent as a whole. */
  status(options: { readonly brief?: boolean } = {}): Promise<StatusResponse> {
    return this.#get('/v1/healthz', options.brief ? { headers: { brief: 'true' } } : {});
  }

  config(): Promise<DaemonConfiguration> {
    return this.#get('/v1/config');
  }

  changeConfig(change: DaemonConfigurationSpec): Promise<DaemonConfiguration> {
    return this.#ask('PATCH', '/v1/config', { body: change });
  }

  debugInfo(): Promise<DebugInfo> {
    return this.#get('/v1/debuginfo');
  }

  /** All endpoints, or those with all of these labels; by number. None with these labels is an empty list. */
  endpoints(labels: readonly string[] = []): Promise<Endpoint[]> {
    return this.#list('/v1/endpoint', labels);
  }

  endpoint(id: EndpointId): Promise<Endpoint> {
    return this.#get(endpointPath(id));
  }

  /** Answers when the endpoint is ready. */
  createEndpoint(request: EndpointChangeRequest): Promise<Endpoint> {
    return this.#ask('PUT', endpointPath(0), { body: request });
  }

  deleteEndpoint(id: EndpointId): Promise<void> {
    return this.#ask('DELETE', endpointPath(id));
  }

  /** Deletes all endpoints of a container. */
  deleteEndpointsOf(containerId: string): Promise<void> {
    return this.#ask('DELETE', '/v1/endpoint', { body: { 'container-id': containerId } });
  }

  endpointLabels(id: EndpointId): Promise<LabelConfiguration> {
    return this.#get(endpointPath(id, '/labels'));
  }

  /** Gives the endpoint these labels in place of those it has. */
  setEndpointLabels(id: EndpointId, labels: readonly string[]): Promise<void> {
    return this.#ask('PATCH', endpointPath(id, '/labels'), { body: { user: labels } });
  }

  /** Newest first. */
  endpointLog(id: EndpointId): Promise<EndpointStatusLog> {
    return this.#get(endpointPath(id, '/log'));
  }

  endpointHealth(id: EndpointId): Promise<EndpointHealth> {
    return this.#get(endpointPath(id, '/healthz'));
  }

  endpointConfig(id: EndpointId): Promise<EndpointConfigurationStatus> {
    return this.#get(endpointPath(id, '/config'));
  }

  changeEndpointConfig(id: EndpointId, change: EndpointConfigurationSpec): Promise<void> {
    return this.#ask('PATCH', endpointPath(id, '/config'), { body: change });
  }

  /** Computes and writes the endpoint's policy anew. */
  regenerateEndpoint(id: EndpointId): Promise<void> {
    return this.changeEndpointConfig(id, {});
  }

  /** All identities, or those with all of these labels. None with these labels is an empty list. */
  identities(labels: readonly string[] = []): Promise<Identity[]> {
    return this.#list('/v1/identity', labels);
  }

  identity(id: number): Promise<Identity> {
    return this.#get(`/v1/identity/${id}`);
  }

  /** Those that endpoints of this host have. */
  identityEndpoints(): Promise<IdentityEndpoints[]> {
    return this.#get('/v1/identity/endpoints');
  }

  /** Takes the pools' next addresses. `expires`: given back unless an endpoint takes them soon. */
  allocateAddresses(
    owner: string,
    options: { readonly family?: 'ipv4' | 'ipv6'; readonly expires?: boolean } = {},
  ): Promise<IPAMResponse> {
    const headers = { expiration: String(options.expires ?? false) };
    return this.#ask('POST', '/v1/ipam', { query: { owner, family: options.family }, headers });
  }

  takeAddress(address: string, owner: string): Promise<void> {
    return this.#ask('POST', `/v1/ipam/${encodeURIComponent(address)}`, { query: { owner } });
  }

  /** Gives an address back, or all addresses of an owner. */
  releaseAddress(addressOrOwner: string): Promise<void> {
    return this.#ask('DELETE', `/v1/ipam/${encodeURIComponent(addressOrOwner)}`);
  }

  /** The known prefixes, or those within a CIDR; none within it is an empty list. */
  async addresses(cidr?: string): Promise<IPListEntry[]> {
    return orEmpty(this.#get<IPListEntry[]>('/v1/ip', { query: { cidr } }));
  }

  /** The rules with all of these labels, as one JSON text. */
  policy(labels: readonly string[] = []): Promise<Policy> {
    return this.#get('/v1/policy', { body: labels });
  }

  /** Deletes the rules with all of these labels; without labels: all that came by the API. */
  deletePolicy(labels: readonly string[]): Promise<Policy> {
    return this.#ask('DELETE', '/v1/policy', { body: labels });
  }

  /** The rules, with where they came from; by name, kind, namespace where given. */
  policyDocuments(filter: Partial<DocumentName> = {}): Promise<PolicyDocuments> {
    return this.#get('/v1/policy/documents', { query: { ...filter } });
  }

  /** Applies policies: YAML or JSON, of any form. In force at every endpoint when this returns. */
  applyPolicies(text: string, options: ApplyOptions = {}): Promise<PolicyApplied> {
    return this.#ask('PUT', '/v1/policy/documents', { text, query: { ...options } });
  }

  deletePolicyDocument(name: DocumentName): Promise<PolicyApplied> {
    return this.#ask('DELETE', '/v1/policy/documents', { query: { ...name } });
  }

  tracePolicy(selector: TraceSelector): Promise<PolicyTraceResult> {
    return this.#get('/v1/policy/resolve', { body: selector });
  }

  policySelectors(): Promise<SelectorCache> {
    return this.#get('/v1/policy/selectors');
  }

  maps(): Promise<BPFMapList> {
    return this.#get('/v1/map');
  }

  /** A map with its entries, at most `limit` of them. */
  map(name: string, limit?: number): Promise<BPFMap> {
    return this.#get(`/v1/map/${encodeURIComponent(name)}`, { query: { limit } });
  }

  metrics(): Promise<Metric[]> {
    return this.#get('/v1/metrics/');
  }

  devices(): Promise<Device[]> {
    return this.#get('/v1/devices');
  }

  /** Keeps what was attached to a device that carries the only default route. */
  confirmDevice(name: string): Promise<void> {
    return this.#ask('POST', `/v1/devices/${encodeURIComponent(name)}/confirm`);
  }

  /** Everything that happens, as it happens, until the caller stops or the agent ends. */
  async *monitor(
    options: { readonly types?: readonly MonitorEvent['type'][]; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<MonitorEvent, void, undefined> {
    const { types, signal } = options;
    const query = { type: types?.join(',') };
    for await (const line of this.#connection.lines({
      path: '/v1/monitor',
      query,
      ...(signal && { signal }),
    })) {
      // An empty line only shows that the agent is still there.
      if (line !== '') yield JSON.parse(line) as MonitorEvent;
    }
  }

  #get<Answer>(path: string, more: Partial<ApiRequest> = {}): Promise<Answer> {
    return this.#ask('GET', path, more);
  }

  /** The answer is of the model that the server declares for the path; a test holds every one against it. */
  async #ask<Answer>(
    method: NonNullable<ApiRequest['method']>,
    path: string,
    more: Partial<ApiRequest> = {},
  ): Promise<Answer> {
    return (await this.#connection.json({ ...more, method, path })) as Answer;
  }

  #list<Item>(path: string, labels: readonly string[]): Promise<Item[]> {
    return orEmpty(this.#get<Item[]>(path, labels.length === 0 ? {} : { body: labels }));
  }
}

const endpointPath = (id: EndpointId, part = ''): string =>
  `/v1/endpoint/${encodeURIComponent(typeof id === 'number' ? `cilium-local:${id}` : id)}${part}`;

/** The API says 404 where nothing meets a filter; for callers that is a list like any other. */
async function orEmpty<Item>(answer: Promise<Item[]>): Promise<Item[]> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return [];
    throw error;
  }
}
