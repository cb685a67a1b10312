/**
 * What the agent can be asked: the contract between the daemon and those who serve it to others. Everything here is plain data;
 * the API gives it the field's paths and names (api/), the daemon does it (agent.ts).
 *
 * A request that cannot be met is a {@link WaggleError} whose code says why: NOT_FOUND, EXISTS, MALFORMED, FULL, BUSY, DENIED.
 * Then nothing has changed.
 */
import type { PublishedPort } from '@waggle/datapath';
import type { NamedPort, PolicyStatus, Trace } from '@waggle/policy';
import type { EndpointAddresses } from './addresses/index.ts';

/** Where the other end of an endpoint's veth pair is put. The agent opens it while the request lasts. */
export type NamespacePlace =
  | { readonly path: string }
  | { readonly pid: number }
  | { readonly container: string };

/** The states of an endpoint and what may follow on what: endpoints/endpoint-state.ts. */
export type EndpointState =
  | 'waiting-for-identity'
  | 'waiting-to-regenerate'
  | 'regenerating'
  | 'ready'
  | 'restoring'
  | 'disconnecting'
  | 'disconnected'
  | 'invalid';

/** An endpoint that somebody wants. */
export interface EndpointRequest {
  /** Unique on this host; made up from the number when absent. */
  readonly name?: string;
  /** `source:key=value`; those that are not relevant for the identity are kept as information. */
  readonly labels: readonly string[];
  /** Addresses of one's own choice, of the pool or not; else the pool's next. */
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly namedPorts?: readonly NamedPort[];
  /** Ports of the host's devices that lead to it. */
  readonly published?: readonly PublishedPort[];
  readonly container?: { readonly id?: string; readonly name?: string };
  /** Make a veth pair into this namespace… */
  readonly namespace?: NamespacePlace;
  /** …or take a pair that a plugin has made: the host's end of it, and the MAC address of the other end. */
  readonly device?: { readonly name: string; readonly mac: string };
}

/** An endpoint as it is. */
export interface EndpointView {
  /** 1 to 65,535. */
  readonly id: number;
  readonly name: string;
  readonly state: EndpointState;
  readonly identity?: { readonly id: number; readonly labels: readonly string[] };
  /** As requested and changed by users. */
  readonly labels: readonly string[];
  /** Of these, what does not count for the identity. */
  readonly informationLabels: readonly string[];
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly mac: string;
  readonly hostMac: string;
  readonly interfaceName: string;
  readonly interfaceIndex: number;
  /** The inode of its namespace; 0 where it is not known. */
  readonly namespace: number;
  readonly container?: { readonly id?: string; readonly name?: string };
  readonly namedPorts: readonly NamedPort[];
  readonly published: readonly PublishedPort[];
  /** ISO 8601. */
  readonly created: string;
  readonly policy: EndpointPolicyView;
}

/** What is in force at an endpoint. */
export interface EndpointPolicyView {
  /** Of the repository, when it was last put in force here. */
  readonly revision: number;
  readonly enforced: { readonly ingress: boolean; readonly egress: boolean };
  readonly status: PolicyStatus;
  readonly entries: number;
  /** Why the kernel does not have it yet, where it failed; it is tried again. */
  readonly error?: string;
}

/** A line of an endpoint's log. */
export interface EndpointLogLine {
  readonly time: string;
  readonly state: EndpointState;
  readonly code: 'OK' | 'Failed';
  readonly message: string;
}

/** Which endpoint: by number, by name, by address, by container. */
export type EndpointReference =
  | { readonly id: number }
  | { readonly name: string }
  | { readonly address: string }
  | { readonly containerId: string }
  | { readonly containerName: string };

export interface EndpointControl {
  /** All, or those with all of these labels, by number. */
  list(labels?: readonly string[]): EndpointView[];
  get(reference: EndpointReference): EndpointView;
  /** Answers when the endpoint is ready: its programs in place, its policy in force. */
  create(request: EndpointRequest): Promise<EndpointView>;
  /** Changes its labels, and so perhaps its identity. */
  changeLabels(
    reference: EndpointReference,
    change: { readonly add: readonly string[]; readonly remove: readonly string[] },
  ): EndpointView;
  /** Computes and writes its policy anew. */
  regenerate(reference: EndpointReference): EndpointView;
  /** Removes it, its device if the agent made it, and gives its addresses back. */
  remove(reference: EndpointReference): EndpointView;
  /** Oldest first. */
  log(reference: EndpointReference): EndpointLogLine[];
}

/** An identity that is in use. */
export interface IdentityView {
  readonly id: number;
  readonly labels: readonly string[];
  /** How many endpoints of this host have it. */
  readonly endpoints: number;
}

/** An address that was given out. */
export interface AddressView {
  readonly address: string;
  readonly owner: string;
}

export interface AddressControl {
  /** The next free address of a pool: of one family, or of both. `expires`: given back unless an endpoint takes it by then (seconds). */
  allocate(
    owner: string,
    options?: { readonly family?: 'ipv4' | 'ipv6'; readonly expires?: number },
  ): EndpointAddresses;
  /** This very address. @throws WaggleError EXISTS when it has an owner. */
  take(address: string, owner: string): void;
  release(address: string): void;
  list(): AddressView[];
  readonly pools: {
    readonly ipv4?: { readonly cidr: string; readonly gateway: string };
    readonly ipv6?: { readonly cidr: string; readonly gateway: string };
  };
}

/** A prefix and who is there. */
export interface PeerView {
  readonly cidr: string;
  readonly identity: number;
  /** Who says so: an endpoint, a rule that names the CIDR, this host itself. */
  readonly source: 'endpoint' | 'policy' | 'host';
  readonly name?: string;
}

/** Rules, as they were given: JSON values of the rule language, without what the agent adds. */
export interface PolicyListing {
  readonly revision: number;
  readonly rules: readonly RuleListing[];
}

export interface RuleListing {
  /** The rule as JSON, of the language in which it was given. */
  readonly rule: unknown;
  readonly labels: readonly string[];
  readonly kind: string;
  readonly name?: string;
  readonly namespace?: string;
  /** `api`, or the file of the watched directory. */
  readonly source: string;
  readonly description?: string;
  /** How many endpoints of this host it selects. */
  readonly endpoints: number;
}

/** What `apply` came to. */
export interface PolicyApplied {
  /** Endpoints at this revision or a later one have it in force. */
  readonly revision: number;
  readonly added: number;
  readonly replaced: number;
  readonly unchanged: number;
  readonly deleted: number;
}

export interface PolicyControl {
  readonly revision: number;
  /** The rules that have all these labels. */
  list(labels?: readonly string[]): PolicyListing;
  /**
   * Takes a text of policies (YAML or JSON, of any form that parsePolicies reads): resources take the place of those of the same
   * kind, namespace and name, bare rules of those with the same labels; with `replace`, of all that came by the API.
   * In force at every endpoint when this returns.
   * @throws PolicyFileError with all problems of the text.
   */
  apply(
    text: string,
    options?: {
      readonly file?: string;
      readonly namespace?: string;
      readonly replace?: boolean;
      readonly replaceLabels?: readonly string[];
    },
  ): PolicyApplied;
  /** Deletes what came by the API: rules that have all these labels (none: all of them). */
  delete(labels: readonly string[]): PolicyApplied;
  /** Deletes what came by the API under this name. @throws WaggleError NOT_FOUND */
  deleteNamed(resource: {
    readonly kind?: string;
    readonly namespace?: string;
    readonly name: string;
  }): PolicyApplied;
  /** Endpoint numbers, addresses or labels, at both ends. */
  trace(request: {
    readonly from: PolicyEnd;
    readonly to: PolicyEnd;
    readonly protocol: number;
    readonly port: number;
  }): Trace;
  selectors(): SelectorView[];
}

export type PolicyEnd =
  | { readonly endpoint: number }
  | { readonly address: string }
  | { readonly identity: number }
  | { readonly labels: readonly string[] };

/** A selector of rules, and whom it selects now. */
export interface SelectorView {
  readonly selector: string;
  readonly identities: readonly number[];
  readonly users: number;
}

/** A map of the datapath. */
export interface MapView {
  readonly name: string;
  readonly type: string;
  readonly entries: number;
  readonly maxEntries: number;
  readonly keySize: number;
  readonly valueSize: number;
  /** Where it is pinned. */
  readonly path: string;
}

/** Entries of a map as texts, for people: what `waggle map get` and `waggle bpf … list` show. */
export interface MapListing extends MapView {
  readonly content: readonly { readonly key: string; readonly value: string }[];
  /** Whether there are more than were asked for. */
  readonly truncated: boolean;
}

export interface MapControl {
  list(): MapView[];
  get(name: string, limit?: number): MapListing;
}

/** One part of the agent, as `waggle status` shows it. */
export interface StatusSection {
  readonly name: string;
  readonly state: 'Ok' | 'Warning' | 'Failure' | 'Disabled';
  /** One line. */
  readonly message: string;
}

export interface AgentStatus {
  readonly state: 'Ok' | 'Warning' | 'Failure';
  readonly message: string;
  readonly version: string;
  readonly nodeName: string;
  readonly started: string;
  readonly pid: number;
  readonly sections: readonly StatusSection[];
  /** Work that is done again and again, with its last outcome. */
  readonly controllers: readonly ControllerStatus[];
}

export interface ControllerStatus {
  readonly name: string;
  readonly successes: number;
  readonly failures: number;
  readonly consecutiveFailures: number;
  readonly lastError?: string;
  readonly lastSuccess?: string;
  readonly lastFailure?: string;
}

/** What can be changed while the agent runs, and what cannot. */
export interface ConfigView {
  readonly mutable: MutableConfig;
  readonly immutable: Readonly<Record<string, string | number | boolean>>;
}

export interface MutableConfig {
  readonly enforcement: 'default' | 'always' | 'never';
  /** Nothing is dropped by policy, everything that would be is reported. */
  readonly audit: boolean;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error';
}

/** A figure of the agent, for `waggle metrics` and Prometheus. */
export interface MetricView {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Everything that is happening, as it happens. */
export interface EventControl {
  /**
   * Follows the events of the datapath and the agent until `close`. A slow reader loses events, and is told how many.
   * @param next - Gets each event, as plain JSON-able data.
   */
  follow(next: (event: MonitorEvent) => void): Disposable;
}

/** An event; those of the datapath are decoded by @waggle/datapath, and carry the packet's first bytes. */
export interface MonitorEvent {
  readonly type: 'drop' | 'trace' | 'policy-verdict' | 'agent' | 'lost';
  /** ISO 8601, with microseconds. */
  readonly time: string;
  readonly [field: string]: unknown;
}

/** See the head of this file. */
export interface AgentControl {
  status(): AgentStatus;
  config(): ConfigView;
  setConfig(change: Partial<MutableConfig>): ConfigView;
  readonly endpoints: EndpointControl;
  identities(labels?: readonly string[]): IdentityView[];
  identity(id: number): IdentityView;
  readonly addresses: AddressControl;
  peers(cidr?: string): PeerView[];
  readonly policy: PolicyControl;
  readonly maps: MapControl;
  metrics(): MetricView[];
  readonly events: EventControl;
  /** The devices of the host that the agent works on; see `confirm`. */
  devices(): DeviceView[];
  /** Keeps what was attached to a device that carries the only default route; else it is undone 30 seconds after the start. */
  confirm(device: string): void;
  /** Answers when what was changed is on disk; also when it cannot be written, which the status tells then. */
  saved(): Promise<void>;
}

export interface DeviceView {
  readonly name: string;
  readonly index: number;
  readonly masquerade: boolean;
  /** Seconds until it is let go of again unless somebody confirms; absent where nobody has to. */
  readonly unconfirmed?: number;
}
