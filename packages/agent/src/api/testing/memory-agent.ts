/**
 * An agent without a kernel: endpoints, addresses and policies in memory, for tests of the API. Policies and traces are the policy
 * engine's own.
 */
import { WaggleError } from '@waggle/bpf';
import {
  FIRST_ALLOCATED,
  formatLabel,
  PolicyRepository,
  parseLabel,
  parsePolicies,
  type Rule,
  reservedIdentities,
  ruleName,
  trace,
} from '@waggle/policy';
import type {
  AddressControl,
  AgentControl,
  EndpointControl,
  EndpointReference,
  EndpointRequest,
  EndpointView,
  MonitorEvent,
  MutableConfig,
  PeerView,
  PolicyControl,
  PolicyEnd,
} from '../../control.ts';

const CREATED = '2026-01-01T00:00:00.000Z';

export class MemoryAgent implements AgentControl {
  readonly repository = new PolicyRepository();
  readonly regenerated: number[] = [];
  readonly confirmed: string[] = [];
  readonly followers = new Set<(event: MonitorEvent) => void>();
  #mutable: MutableConfig = { enforcement: 'default', audit: false, logLevel: 'info' };
  #endpoints = new Map<number, EndpointView>();
  #owners = new Map<string, string>();
  #identities = new Map<string, number>();
  #lastEndpoint = 0;
  #lastHost = 1;

  constructor() {
    for (const identity of reservedIdentities()) this.repository.setIdentity(identity);
  }

  async saved() {}

  status() {
    const sections = [
      { name: 'datapath', state: 'Ok' as const, message: '3 programs' },
      { name: 'kvstore', state: 'Disabled' as const, message: 'the local store' },
    ];
    const controllers = [
      { name: 'conntrack', successes: 3, failures: 1, consecutiveFailures: 0, lastError: 'map is gone' },
    ];
    return {
      state: 'Ok' as const,
      message: 'all is well',
      version: '0.1.0',
      nodeName: 'bee',
      started: CREATED,
      pid: process.pid,
      sections,
      controllers,
    };
  }

  config() {
    return { mutable: this.#mutable, immutable: { mtu: 1500, masquerade: true, device: 'eth1' } };
  }

  setConfig(change: Partial<MutableConfig>) {
    this.#mutable = { ...this.#mutable, ...change };
    return this.config();
  }

  readonly endpoints: EndpointControl = {
    list: (labels = []) =>
      [...this.#endpoints.values()].filter((view) => labels.every((label) => view.labels.includes(label))),
    get: (reference) => this.#find(reference),
    create: async (request) => this.#create(request),
    changeLabels: (reference, { add, remove }) => {
      const view = this.#find(reference);
      const labels = [...view.labels.filter((label) => !remove.includes(label)), ...add];
      return this.#put({ ...view, labels, identity: this.#identityOf(labels) });
    },
    regenerate: (reference) => {
      const view = this.#find(reference);
      this.regenerated.push(view.id);
      return view;
    },
    remove: (reference) => {
      const view = this.#find(reference);
      this.#endpoints.delete(view.id);
      for (const address of [view.ipv4, view.ipv6]) if (address) this.#owners.delete(address);
      return view;
    },
    log: (reference) => {
      this.#find(reference);
      return [
        { time: CREATED, state: 'waiting-for-identity', code: 'OK', message: 'made' },
        { time: CREATED, state: 'ready', code: 'OK', message: 'its programs are in place' },
      ];
    },
  };

  identities(labels: readonly string[] = []) {
    return this.repository
      .identities()
      .map(({ id }) => this.identity(id))
      .filter((view) => labels.every((label) => view.labels.includes(label)));
  }

  identity(id: number) {
    const identity = this.repository.identity(id);
    if (!identity) throw new WaggleError('NOT_FOUND', `There is no identity ${id}.`);
    const endpoints = [...this.#endpoints.values()].filter((view) => view.identity?.id === id).length;
    return { id, labels: identity.labels.map(formatLabel), endpoints };
  }

  readonly addresses: AddressControl = {
    pools: { ipv4: { cidr: '10.200.0.0/29', gateway: '10.200.0.1' } },
    allocate: (owner) => {
      let address: string;
      do {
        this.#lastHost++;
        if (this.#lastHost > 6) throw new WaggleError('FULL', 'No address of 10.200.0.0/29 is free.');
        address = `10.200.0.${this.#lastHost}`;
      } while (this.#owners.has(address));
      this.#owners.set(address, owner);
      return { ipv4: address };
    },
    take: (address, owner) => {
      const other = this.#owners.get(address);
      if (other !== undefined) throw new WaggleError('EXISTS', `${address} belongs to ${other}.`);
      this.#owners.set(address, owner);
    },
    release: (address) => {
      if (!this.#owners.delete(address)) throw new WaggleError('NOT_FOUND', `${address} was not given out.`);
    },
    list: () => [...this.#owners].map(([address, owner]) => ({ address, owner })),
  };

  peers(cidr?: string): PeerView[] {
    const peers: PeerView[] = [
      { cidr: '10.200.0.1/32', identity: 1, source: 'host' },
      ...[...this.#endpoints.values()].flatMap(({ ipv4, name, identity }): PeerView[] =>
        ipv4 && identity ? [{ cidr: `${ipv4}/32`, identity: identity.id, source: 'endpoint', name }] : [],
      ),
    ];
    return cidr === undefined ? peers : peers.filter((peer) => peer.cidr === cidr);
  }

  readonly policy: PolicyControl = this.#policyControl();

  readonly maps = {
    list: () => [MAP],
    get: (name: string, limit = 100) => {
      if (name === 'ipcacheHosts') return { ...MAP, name, entries: 0, content: [], truncated: false };
      if (name !== MAP.name) throw new WaggleError('NOT_FOUND', `There is no map ${name}.`);
      const content = [
        { key: '10.200.0.1/32', value: 'identity 1' },
        { key: '0.0.0.0/0', value: 'identity 2' },
      ];
      return { ...MAP, content: content.slice(0, limit), truncated: content.length > limit };
    },
  };

  metrics() {
    return [
      { name: 'waggle_drops_total', labels: { reason: 'Policy denied', direction: 'ingress' }, value: 3 },
      { name: 'waggle_drops_total', labels: { reason: 'a "b"\\\n', direction: 'egress' }, value: 1 },
      { name: 'waggle_endpoints', labels: {}, value: this.#endpoints.size },
    ];
  }

  readonly events = {
    follow: (next: (event: MonitorEvent) => void) => {
      this.followers.add(next);
      return { [Symbol.dispose]: () => void this.followers.delete(next) };
    },
  };

  devices() {
    return [{ name: 'eth1', index: 7, masquerade: true, unconfirmed: 12.5 }];
  }

  confirm(device: string) {
    if (device !== 'eth1') throw new WaggleError('NOT_FOUND', `The agent does not work on ${device}.`);
    this.confirmed.push(device);
  }

  emit(event: MonitorEvent): void {
    for (const follower of this.followers) follower(event);
  }

  #create(request: EndpointRequest): EndpointView {
    const id = ++this.#lastEndpoint;
    const name = request.name ?? `endpoint-${id}`;
    if ([...this.#endpoints.values()].some((view) => view.name === name))
      throw new WaggleError('EXISTS', `There is an endpoint ${name}`, { hint: 'Choose another name' });
    // An address that was given out before is the endpoint's from now on.
    if (request.ipv4) this.#owners.set(request.ipv4, name);
    const { ipv4 } = request.ipv4 ? { ipv4: request.ipv4 } : this.addresses.allocate(name);
    return this.#put({
      id,
      name,
      state: 'ready',
      identity: this.#identityOf(request.labels),
      labels: request.labels,
      informationLabels: [],
      ...(ipv4 !== undefined && { ipv4 }),
      mac: request.device?.mac ?? '02:00:00:00:00:01',
      hostMac: '02:00:00:00:00:02',
      interfaceName: request.device?.name ?? `lxc${id}`,
      interfaceIndex: 100 + id,
      namespace: 4_026_532_000 + id,
      ...(request.container && { container: request.container }),
      namedPorts: request.namedPorts ?? [],
      published: request.published ?? [],
      created: CREATED,
      policy: {
        revision: this.repository.revision,
        enforced: { ingress: true, egress: false },
        status: { kind: 'ok', entries: 2 },
        entries: 2,
      },
    });
  }

  #put(view: EndpointView): EndpointView {
    this.#endpoints.set(view.id, view);
    return view;
  }

  /** Puts an endpoint in a state that tests cannot bring about otherwise. */
  change(id: number, change: Partial<EndpointView>): void {
    this.#put({ ...this.#find({ id }), ...change });
  }

  #find(reference: EndpointReference): EndpointView {
    for (const view of this.#endpoints.values()) {
      if ('id' in reference && view.id === reference.id) return view;
      if ('name' in reference && view.name === reference.name) return view;
      if ('address' in reference && [view.ipv4, view.ipv6].includes(reference.address)) return view;
      if ('containerId' in reference && view.container?.id === reference.containerId) return view;
      if ('containerName' in reference && view.container?.name === reference.containerName) return view;
    }
    throw new WaggleError('NOT_FOUND', `There is no endpoint with ${JSON.stringify(reference)}.`);
  }

  #identityOf(labels: readonly string[]) {
    const key = JSON.stringify([...labels].sort());
    const id = this.#identities.get(key) ?? FIRST_ALLOCATED + this.#identities.size;
    this.#identities.set(key, id);
    this.repository.setIdentity({ id, labels: labels.map((label) => parseLabel(label)) });
    return { id, labels };
  }

  #policyControl(): PolicyControl {
    const { repository } = this;
    const named = (wanted: readonly string[]): Rule[] =>
      repository.rules().filter((rule) => {
        const labels = rule.labels.map(formatLabel);
        return wanted.every((label) => labels.includes(formatLabel(parseLabel(label))));
      });
    const exchange = (removed: readonly Rule[], added: readonly Rule[]) => {
      repository.exchange(removed, added);
      const { revision } = repository;
      return { revision, added: added.length, replaced: 0, unchanged: 0, deleted: removed.length };
    };
    return {
      get revision() {
        return repository.revision;
      },
      list: (labels = []) => ({
        revision: repository.revision,
        rules: named(labels).map((rule) => ({
          rule: { labels: rule.labels.map(formatLabel) },
          labels: rule.labels.map(formatLabel),
          kind: rule.origin.kind,
          name: ruleName(rule),
          source: 'api',
          endpoints: 0,
        })),
      }),
      apply: (text, { replace, replaceLabels, ...options } = {}) => {
        const { rules } = parsePolicies(text, options);
        const removed = replace ? repository.rules() : replaceLabels ? named(replaceLabels) : [];
        return exchange(removed, rules);
      },
      delete: (labels) => exchange(named(labels), []),
      deleteNamed: ({ name }) => {
        const removed = repository.rules().filter((rule) => ruleName(rule) === name);
        if (removed.length === 0) throw new WaggleError('NOT_FOUND', `No policy is called ${name}.`);
        return exchange(removed, []);
      },
      trace: ({ from, to, protocol, port }) =>
        trace(repository, { from: this.#endOf(from), to: this.#endOf(to), protocol, port }),
      selectors: () => [{ selector: 'app=web', identities: [FIRST_ALLOCATED], users: 2 }],
    };
  }

  #endOf(end: PolicyEnd): number {
    if ('identity' in end) return end.identity;
    if ('labels' in end) return this.#identityOf(end.labels).id;
    const view = this.#find('endpoint' in end ? { id: end.endpoint } : end);
    return view.identity?.id ?? 0;
  }
}

const MAP = {
  name: 'ipcache',
  type: 'lpm_trie',
  entries: 2,
  maxEntries: 512_000,
  keySize: 24,
  valueSize: 8,
  path: '/sys/fs/bpf/waggle/ipcache',
};
