/**
 * The endpoints of a host: made, changed and removed, each step undone if the next one fails. What is in the kernel, in the address
 * pools and in the table of identities always belongs to an endpoint that is listed here.
 */
import { WaggleError } from '@waggle/bpf';
import { type EndpointAddresses, listAddresses } from '../addresses/index.ts';
import type {
  EndpointControl,
  EndpointLogLine,
  EndpointReference,
  EndpointRequest,
  EndpointView,
} from '../control.ts';
import { SharedEnforcement } from '../policies/shared-enforcement.ts';
import { Endpoint, type SavedEndpoint } from './endpoint.ts';
import { changedLabels, identityLabels, readLabels } from './endpoint-labels.ts';
import type { EndpointsOptions } from './endpoint-parts.ts';
import { EndpointTable } from './endpoint-table.ts';
import { endpointView } from './endpoint-view.ts';

export class Endpoints implements EndpointControl {
  readonly table: EndpointTable;
  readonly #options: EndpointsOptions;
  readonly #enforcement: SharedEnforcement;

  constructor(options: EndpointsOptions) {
    this.#options = options;
    this.table = new EndpointTable(options.next);
    this.#enforcement = new SharedEnforcement(options.enforcer);
  }

  list(labels: readonly string[] = []): EndpointView[] {
    return this.table.labelled(labels).map((endpoint) => this.#view(endpoint));
  }

  get(reference: EndpointReference): EndpointView {
    return this.#view(this.table.get(reference));
  }

  log(reference: EndpointReference): EndpointLogLine[] {
    return this.table.get(reference).log.lines();
  }

  async create(request: EndpointRequest): Promise<EndpointView> {
    if (!request.namespace === !request.device) {
      throw new WaggleError('MALFORMED', 'An endpoint needs either a namespace or a device.', {
        hint: 'Give netns or pid for a pair that waggle makes, or interface-name and mac for one that is there',
      });
    }
    const undo: (() => void)[] = [];
    try {
      const endpoint = this.#begin(request, undo);
      const policy = this.#settleIdentity(endpoint, undo);
      // It may fail long before it is waited for.
      policy.catch(() => {});
      try {
        await this.#connect(endpoint, request, undo);
      } finally {
        await policy;
      }
      await this.#enforcePolicy(endpoint);
      if (endpoint.device) this.#options.networks.admit(endpoint.device, endpoint.addresses);
      endpoint.enter('ready', 'Programs are in place, its policy is in force');
      this.#options.onChange(endpoint, 'created');
      return this.#view(endpoint);
    } catch (error) {
      for (const step of undo.reverse()) step();
      throw error;
    }
  }

  changeLabels(
    reference: EndpointReference,
    change: { readonly add: readonly string[]; readonly remove: readonly string[] },
  ): EndpointView {
    const endpoint = this.table.get(reference);
    this.#checkReady(endpoint);
    const { identities, enforcer, programs } = this.#options;
    const labels = changedLabels(endpoint.labels, change);
    const before = endpoint.identity;
    const { id } = identities.acquire(endpoint.id, this.#identityLabels(labels), endpoint.namedPorts);
    endpoint.labels = labels;
    if (id !== before) {
      endpoint.enter('waiting-to-regenerate', `Labels changed: identity ${before} becomes ${id}`);
      endpoint.identity = id;
      enforcer.keep(id);
      endpoint.enter('regenerating', 'Putting the policy of the new identity in force');
      enforcer.enforce();
      if (endpoint.device) programs.updateEndpoint(endpoint.device.interfaceIndex, { identity: id });
      this.#releaseIdentity(endpoint.id, before);
      endpoint.enter('ready', 'Labels changed');
    }
    this.#changed(endpoint, 'changed');
    return this.#view(endpoint);
  }

  regenerate(reference: EndpointReference): EndpointView {
    const endpoint = this.table.get(reference);
    this.#checkReady(endpoint);
    endpoint.enter('waiting-to-regenerate', 'Asked to');
    endpoint.enter('regenerating', 'Loading its programs, computing its policy');
    this.#options.enforcer.owe(endpoint.identity);
    this.#options.enforcer.enforce();
    this.#load(endpoint);
    endpoint.enter('ready', 'Regenerated');
    this.#changed(endpoint, 'changed');
    return this.#view(endpoint);
  }

  remove(reference: EndpointReference): EndpointView {
    const endpoint = this.table.get(reference);
    this.#checkReady(endpoint);
    return this.#remove(endpoint);
  }

  #remove(endpoint: Endpoint): EndpointView {
    endpoint.enter('disconnecting', 'Being removed');
    const { programs, networks, pools } = this.#options;
    const { device, addresses } = endpoint;
    if (device) {
      programs.removeEndpoint(device.interfaceIndex);
      networks.disconnect(device, addresses);
    }
    for (const address of listAddresses(addresses)) pools.release(address);
    this.#releaseIdentity(endpoint.id, endpoint.identity);
    endpoint.enter('disconnected', 'Removed');
    this.table.remove(endpoint);
    this.#changed(endpoint, 'deleted');
    return this.#view(endpoint);
  }

  /**
   * The device of an endpoint has gone, or another has its number: with its namespace, mostly. An endpoint that is being made finds
   * that out by itself.
   */
  deviceIsGone(interfaceIndex: number): EndpointView | undefined {
    const endpoint = [...this.table].find(
      ({ device, state }) => device?.interfaceIndex === interfaceIndex && state === 'ready',
    );
    if (!endpoint?.device || this.#options.networks.find(endpoint.device) !== 'gone') return undefined;
    return this.#remove(endpoint);
  }

  /**
   * Takes over endpoints of an earlier run, whose addresses the pools know already. Their policies are put in force, and their
   * programs replaced, without a gap. Those whose devices are gone are removed.
   * @returns the names of those that are gone.
   */
  restore(saved: readonly SavedEndpoint[]): string[] {
    const { identities, enforcer, networks } = this.#options;
    const [gone, unfinished]: [Endpoint[], Endpoint[]] = [[], []];
    for (const each of saved) {
      const endpoint = Endpoint.restore(each);
      this.table.add(endpoint);
      endpoint.identity = identities.acquire(
        endpoint.id,
        this.#identityLabels(endpoint.labels),
        endpoint.namedPorts,
      ).id;
      enforcer.keep(endpoint.identity);
      const found = endpoint.device ? networks.find(endpoint.device) : 'gone';
      if (found === 'gone') gone.push(endpoint);
      else if (found === 'unfinished') unfinished.push(endpoint);
    }
    enforcer.enforce();
    for (const endpoint of this.table) {
      if (gone.includes(endpoint)) continue;
      endpoint.enter('regenerating', 'Taking over what is in the kernel');
      this.#load(endpoint);
      const { device, addresses } = endpoint;
      if (device && unfinished.includes(endpoint)) networks.admit(device, addresses);
      endpoint.enter('ready', 'Restored');
    }
    for (const endpoint of gone) this.#remove(endpoint);
    return gone.map(({ name }) => name);
  }

  /** What the store keeps. */
  save(): SavedEndpoint[] {
    return [...this.table].flatMap((endpoint) => endpoint.save() ?? []);
  }

  #begin(request: EndpointRequest, undo: (() => void)[]): Endpoint {
    const labels = readLabels(request.labels);
    const id = this.table.takeId();
    const name = request.name ?? `endpoint-${id}`;
    this.table.checkName(name);
    const { published = [] } = request;
    this.table.checkPublished(published);
    const addresses = this.#addresses(request, name, undo);
    if (published.length > 0) this.#options.ports.check(published, addresses);
    const endpoint = new Endpoint('waiting-for-identity', {
      id,
      name,
      labels,
      addresses,
      ...(request.namedPorts && { namedPorts: request.namedPorts }),
      published,
      ...(request.container && { container: request.container }),
    });
    this.table.add(endpoint);
    undo.push(() => {
      this.table.remove(endpoint);
      if (endpoint.device) this.#options.save();
    });
    return endpoint;
  }

  #addresses(request: EndpointRequest, owner: string, undo: (() => void)[]): EndpointAddresses {
    const { pools } = this.#options;
    const { ipv4, ipv6 } = request;
    const own = { ...(ipv4 !== undefined && { ipv4 }), ...(ipv6 !== undefined && { ipv6 }) };
    const wanted = listAddresses(own);
    for (const address of wanted) {
      pools.take(address, owner);
      undo.push(() => pools.release(address));
    }
    if (wanted.length > 0) return own;
    const allocated = pools.allocate(owner);
    for (const address of listAddresses(allocated)) undo.push(() => pools.release(address));
    return allocated;
  }

  /** Answers when the policy of its identity can be put in force. */
  #settleIdentity(endpoint: Endpoint, undo: (() => void)[]): Promise<void> {
    const { identities, enforcer } = this.#options;
    const labels = this.#identityLabels(endpoint.labels);
    const { id } = identities.acquire(endpoint.id, labels, endpoint.namedPorts);
    endpoint.identity = id;
    undo.push(() => this.#releaseIdentity(endpoint.id, id));
    endpoint.enter('waiting-to-regenerate', `Has identity ${id}`);
    return enforcer.keepSoon(id);
  }

  async #enforcePolicy({ identity }: Endpoint): Promise<void> {
    await this.#enforcement.next();
    const { error } = this.#options.enforcer.realised(identity);
    if (error !== undefined) throw new WaggleError('FULL', error);
  }

  /** Makes its device, and puts programs there. */
  async #connect(
    endpoint: Endpoint,
    { namespace, device }: EndpointRequest,
    undo: (() => void)[],
  ): Promise<void> {
    const { networks, programs, save } = this.#options;
    const { addresses, identity } = endpoint;
    endpoint.enter('regenerating', 'Making its device, putting programs in place');
    if (namespace) endpoint.device = networks.connect(namespace, endpoint.id, addresses);
    else if (device) endpoint.device = networks.take(device);
    const made = endpoint.device;
    if (!made) return;
    undo.push(() => networks.disconnect(made, addresses));
    // The disk takes as long as the kernel takes for programs. What was saved and is not there is removed at the next start.
    save();
    const { interfaceIndex, mac } = made;
    undo.push(() => programs.removeEndpoint(interfaceIndex));
    await programs.addEndpointInTurns({ interface: interfaceIndex, identity, ...addresses, mac });
    programs.publish(interfaceIndex, endpoint.published);
  }

  #load({ device, identity, addresses, published }: Endpoint): void {
    if (!device) return;
    const { programs } = this.#options;
    programs.addEndpoint({ interface: device.interfaceIndex, identity, ...addresses, mac: device.mac });
    programs.publish(device.interfaceIndex, published);
  }

  #releaseIdentity(endpoint: number, id: number): void {
    const { identities, enforcer } = this.#options;
    if (identities.endpointsOf(id).length === 1) enforcer.drop(id);
    identities.release(endpoint, id);
    enforcer.enforce();
  }

  #changed(endpoint: Endpoint, what: 'changed' | 'deleted'): void {
    this.#options.save();
    this.#options.onChange(endpoint, what);
  }

  #identityLabels(labels: Endpoint['labels']) {
    return identityLabels(labels, this.#options.labelFilter);
  }

  #checkReady({ name, state }: Endpoint): void {
    if (state === 'ready') return;
    throw new WaggleError('BUSY', `The endpoint ${name} is ${state}.`, {
      hint: 'Try again when it is ready',
    });
  }

  #view(endpoint: Endpoint): EndpointView {
    return endpointView(endpoint, this.#options);
  }
}
