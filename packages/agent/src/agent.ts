/**
 * The daemon's parts, put together: it opens what is pinned and what is saved, brings both in step, and then answers. What it changes
 * is in the kernel at once and in the store soon after; when it ends, whatever way, traffic goes on under what is in the kernel.
 */
import { Datapath } from '@waggle/datapath';
import { LabelFilter, PolicyRepository, parseLabel, RESERVED_IDENTITIES } from '@waggle/policy';
import { AddressBook } from './addresses/index.ts';
import { type AgentState, openState } from './agent-state.ts';
import type { DeviceView, MutableConfig } from './control.ts';
import { Controllers } from './controllers.ts';
import { Endpoints } from './endpoints/endpoints.ts';
import { DevicePrograms } from './host/device-programs.ts';
import { HostDevices } from './host/devices.ts';
import { type Host, hostNeeds, openHost } from './host/host.ts';
import { HostAddresses } from './host/host-addresses.ts';
import { IdentityTable } from './identities/identity-table.ts';
import { createLog, type Logger } from './log.ts';
import type { AgentOptions } from './options.ts';
import { wantedPeers } from './peers/peer-table.ts';
import { Enforcer } from './policies/enforcer.ts';
import type { ForcedEntry } from './policies/forced-entries.ts';
import { Policies, peerOf } from './policies/policies.ts';
import { PolicyBook } from './policies/policy-book.ts';
import { PolicyDirectory } from './policies/policy-directory.ts';
import { StateStore } from './state/index.ts';
import { HostNetworks, mergeChanges, planHost, prepareHost } from './workload/index.ts';

/** How often connections that are over are collected, and addresses that nobody claimed. */
const COLLECTION = 30_000;

/** Something happened that those who follow the agent may want to know. */
export interface AgentEvent {
  readonly event: 'started' | 'endpoint-created' | 'endpoint-changed' | 'endpoint-deleted' | 'policy-updated';
  readonly message: string;
  readonly [field: string]: unknown;
}

/** Those who watch an agent at work. */
export interface AgentHooks {
  /** Told of what happens. */
  readonly onEvent?: (event: AgentEvent) => void;
  /** What is known of the datapath's events. */
  readonly eventCounts?: () => { readonly seen: number; readonly lost: number };
}

/** An agent at work. Its parts are open to those who serve it. */
export class Agent {
  readonly options: AgentOptions;
  readonly log: Logger;
  readonly started = new Date().toISOString();
  readonly host: Host;
  readonly store: StateStore;
  readonly datapath: Datapath;
  readonly controllers: Controllers;
  readonly identities: IdentityTable;
  readonly addresses: AddressBook;
  readonly enforcer: Enforcer;
  readonly endpoints: Endpoints;
  readonly book: PolicyBook;
  readonly policies: Policies;
  readonly #state: AgentState;
  readonly #hostAddresses: HostAddresses;
  readonly #networks: HostNetworks;
  readonly #hooks: AgentHooks;
  readonly #devicePrograms: DevicePrograms;
  readonly #devices: HostDevices;
  #config: MutableConfig;
  #repository: PolicyRepository;
  #directory: PolicyDirectory | undefined;
  #directoryProblem: string | undefined;
  #ready = false;

  /**
   * Starts an agent: when it answers, everything of an earlier run is in force again.
   *
   * @throws WaggleError BUSY when another agent runs, StateCorruptError, and what the kernel refuses. Nothing has changed then for
   *   traffic.
   */
  constructor(options: AgentOptions, hooks: AgentHooks = {}) {
    const opened: { close(): unknown }[] = [];
    const open = <T extends { close(): unknown }>(part: T): T => {
      opened.push(part);
      return part;
    };
    this.options = options;
    this.#hooks = hooks;
    const { enforcement, audit, 'log-level': logLevel } = options;
    this.#config = { enforcement, audit, logLevel };
    this.log = createLog({ level: logLevel, format: options['log-format'] });
    try {
      this.store = open(
        StateStore.open(options['state-dir'], {
          discard: options['discard-state'],
          onProblem: ({ message }) => this.log.error(message),
        }),
      );
      this.#state = openState(this.store);
      this.host = openHost(options);
      open(this.host.namespace);
      this.#prepareHost();
      this.controllers = open(
        new Controllers({ onFailure: (name, { message }) => this.log.error({ controller: name }, message) }),
      );
      this.#hostAddresses = open(
        new HostAddresses(this.host.namespace, () => {
          this.log.info({ addresses: this.#hostAddresses.list() }, 'The addresses of the host have changed');
          this.enforcer.enforce();
          this.#devicePrograms.refresh();
        }),
      );
      this.datapath = open(
        Datapath.open({
          pins: options.pins,
          // Policies are in force before the programs are replaced, and until then those of before go on under their own.
          otherLayout: 'replace',
          maxConnections: options['max-connections'],
          monitoring: { aggregation: options['monitor-aggregation'] },
        }),
      );
      this.#repository = this.#newRepository();
      this.identities = new IdentityTable(this.#repository, this.#state.identities.found, {
        hostLabels: options['host-label'].map((label) => parseLabel(label)),
      });
      this.book = new PolicyBook(this.#repository);
      this.book.restore(this.#state.policies.found ?? []);
      this.addresses = this.#openAddresses();
      this.enforcer = open(this.#openEnforcer());
      this.#networks = open(
        new HostNetworks({
          host: this.host.namespace,
          mtu: options.mtu,
          onVanished: (index) => this.#deviceVanished(index),
          onProblem: ({ message }) => this.log.error(message),
        }),
      );
      this.endpoints = this.#openEndpoints();
      this.policies = this.#openPolicies();
      this.#devicePrograms = new DevicePrograms({
        host: this.host.namespace,
        datapath: this.datapath,
        enforcer: this.enforcer,
        options,
      });
      this.#restore();
      this.#devices = open(this.#openDevices());
    } catch (error) {
      for (const part of opened.reverse()) part.close();
      throw error;
    }
    this.controllers.every(COLLECTION, 'collection', () => {
      this.datapath.collect();
      this.addresses.collect();
    });
  }

  /** The addresses of the host itself. */
  get hostAddresses(): readonly string[] {
    return this.#hostAddresses.list();
  }

  get repository(): PolicyRepository {
    return this.#repository;
  }

  get config(): MutableConfig {
    return this.#config;
  }

  /** What is wrong with the watched directory. */
  get directoryProblem(): string | undefined {
    return this.#directoryProblem;
  }

  /** Who is behind which prefix, beside the endpoints of this host. */
  peers() {
    return wantedPeers({ hostAddresses: this.hostAddresses, cidrs: this.identities.cidrs() });
  }

  /** The devices of the host that it works on. */
  devices(): DeviceView[] {
    return this.#devices.list();
  }

  /** Keeps what was attached to a device. @throws WaggleError NOT_FOUND */
  confirmDevice(name: string): void {
    this.#devices.confirm(name);
  }

  eventCounts(): { readonly seen: number; readonly lost: number } {
    return this.#hooks.eventCounts?.() ?? { seen: 0, lost: 0 };
  }

  /** Changes what can be changed while it runs; in force when it returns. */
  setConfig(change: Partial<MutableConfig>): void {
    const before = this.#config;
    this.#config = { ...before, ...change };
    const { enforcement, audit, logLevel } = this.#config;
    this.log.level = logLevel;
    if (enforcement !== before.enforcement) {
      this.#repository = this.#newRepository();
      this.identities.moveTo(this.#repository);
      this.book.moveTo(this.#repository);
      this.enforcer.moveTo(this.#repository);
    }
    if (audit !== before.audit) this.enforcer.oweAll();
    this.enforcer.enforce();
    this.log.info({ ...this.#config }, 'The configuration has changed');
  }

  /** Ends; what it has put into the kernel stays. @throws WaggleError when something could not be saved. */
  async stop(): Promise<void> {
    this.#directory?.close();
    this.#devices.close();
    await this.#networks.close();
    this.enforcer.close();
    this.controllers.close();
    this.#hostAddresses.close();
    this.datapath.close();
    this.host.namespace.close();
    await this.store.close();
    this.log.info('Stopped; traffic goes on under the policies that are in force');
  }

  #prepareHost(): void {
    const { options, host } = this;
    const before = this.#state.hostChanges.found ?? [];
    const plan = planHost(host.namespace, hostNeeds(options));
    // Of the isolated host nothing has to be restored: it goes as a whole.
    if (host.isolated === undefined && plan.length > 0) {
      this.#state.hostChanges.saveNow(mergeChanges(before, plan));
    }
    prepareHost(host.namespace, plan);
  }

  #newRepository(): PolicyRepository {
    return new PolicyRepository({
      enforcement: this.#config.enforcement,
      allowLocalhost: this.options['allow-localhost'],
    });
  }

  #openAddresses(): AddressBook {
    const { 'ipv4-pool': ipv4, 'ipv6-pool': ipv6 } = this.options;
    return new AddressBook({
      ...(ipv4 !== 'none' && { ipv4: { cidr: ipv4 } }),
      ...(ipv6 !== 'none' && { ipv6: { cidr: ipv6 } }),
      document: this.#state.addresses,
    });
  }

  #openEnforcer(): Enforcer {
    const { datapath } = this;
    return new Enforcer(this.#repository, {
      identities: this.identities,
      controllers: this.controllers,
      hostAddresses: () => this.hostAddresses,
      audit: () => this.#config.audit,
      target: {
        apply: ({ policies, peers }) =>
          datapath.apply({
            policies: policies.map(({ identity, entries }) => ({
              identity,
              entries,
              target: ({ cookie }: ForcedEntry) => ({ cookie }),
            })),
            peers,
          }),
        peers: () => [...datapath.peers()].map(({ prefix, identity }) => [prefix, identity] as const),
      },
    });
  }

  #openEndpoints(): Endpoints {
    const { datapath, host } = this;
    const inHost = <T>(work: () => T) => host.namespace.run(() => ({ result: work() })).result;
    return new Endpoints({
      networks: this.#networks,
      programs: {
        addEndpoint: (spec) => inHost(() => datapath.addEndpoint(spec)),
        updateEndpoint: (device, change) => datapath.updateEndpoint(device, change),
        removeEndpoint: (device) => inHost(() => datapath.removeEndpoint(device)),
      },
      pools: this.addresses,
      identities: this.identities,
      enforcer: this.enforcer,
      labelFilter: new LabelFilter(this.options['label-filter']),
      ...(this.#state.endpoints.found && { next: this.#state.endpoints.found.next }),
      onChange: ({ id, name, identity, addresses }, what) => {
        this.#saveEndpoints();
        if (!this.#ready) return;
        const fields = { endpoint: id, name, identity, ...addresses };
        this.log.info(fields, `Endpoint ${what}`);
        this.#hooks.onEvent?.({ event: `endpoint-${what}`, message: `Endpoint ${name} ${what}`, ...fields });
      },
    });
  }

  #openPolicies(): Policies {
    return new Policies({
      repository: () => this.#repository,
      book: this.book,
      enforcer: this.enforcer,
      identities: this.identities,
      endpoints: this.endpoints.table,
      peerOf: (address) =>
        peerOf(new Map([...this.peers()].map(([prefix, { identity }]) => [prefix, identity])), address),
      onChange: (what, applied) => {
        this.#followFirewall();
        this.#state.policies.save(() => this.book.save());
        if (!this.#ready) return;
        this.log.info({ ...applied }, `Policies ${what}`);
        this.#hooks.onEvent?.({ event: 'policy-updated', message: `Policies ${what}`, ...applied });
      },
    });
  }

  /** Decides about the host's own traffic where rules select it. */
  #followFirewall(): void {
    this.#devicePrograms.setFirewall(this.#repository.rulesFor(RESERVED_IDENTITIES.host).length > 0);
  }

  /** Brings the kernel in step with what was saved. */
  #restore(): void {
    const saved = this.#state.endpoints.found?.endpoints ?? [];
    this.#openDirectory();
    this.#followFirewall();
    const gone = this.endpoints.restore(saved);
    if (gone.length > 0) this.log.warn({ endpoints: gone }, 'Endpoints whose devices are gone were removed');
    this.identities.forgetUnused();
    this.#removeStrangers();
    this.enforcer.enforce();
    this.#saveEndpoints();
    this.#ready = true;
    const endpoints = this.endpoints.table.size;
    this.log.info({ host: this.host.description, endpoints, adopted: this.datapath.adopted }, 'Ready');
    this.#hooks.onEvent?.({ event: 'started', message: 'Agent started', endpoints });
  }

  /** What the kernel has and nobody knows of any more: the state was discarded, or was older than the kernel. */
  #removeStrangers(): void {
    const devices = [...this.endpoints.table].flatMap(({ device }) => device ?? []);
    const known = new Set(devices.map(({ interfaceIndex }) => interfaceIndex));
    for (const { device } of this.datapath.endpoints()) {
      if (!known.has(device)) this.host.namespace.run(() => this.datapath.removeEndpoint(device));
    }
    const strays = this.#networks.removeStrays(devices);
    if (strays.length > 0) this.log.warn({ devices: strays }, 'Devices of unknown endpoints were removed');
    const identities = new Set([
      RESERVED_IDENTITIES.host,
      ...[...this.endpoints.table].map(({ identity }) => identity),
    ]);
    const policies = this.datapath.policyIdentities().filter((identity) => !identities.has(identity));
    if (policies.length > 0) {
      const nothing = policies.map((identity) => ({ identity, entries: null }));
      this.datapath.apply({ policies: nothing });
    }
  }

  #openDevices(): HostDevices {
    const { host, options, log } = this;
    const devices = new HostDevices({
      host: host.namespace,
      masquerade: options.masquerade,
      attach: (device) => this.#devicePrograms.attach(device),
      detach: (device) => this.#devicePrograms.detach(device),
      confirmed: options.yes ? options.device : (this.#state.devices.found ?? []),
      onConfirmed: (name, confirmed) => {
        this.#state.devices.save(() => [...confirmed]);
        log.info({ device: name }, 'The device is confirmed');
      },
      onReleased: (name) =>
        log.error({ device: name }, 'Nobody confirmed the device in time: it was let go of'),
    });
    for (const name of options.device) devices.add(name);
    this.#devicePrograms.detachOthers();
    for (const { name, unconfirmed } of devices.list()) {
      if (unconfirmed === undefined) continue;
      log.warn(
        { device: name, seconds: unconfirmed },
        `The device carries the only default route. If you can still reach this host: waggle device confirm ${name}`,
      );
    }
    return devices;
  }

  #openDirectory(): void {
    const path = this.options['policy-dir'];
    if (path === undefined) return;
    this.#directory = new PolicyDirectory(path, {
      onFiles: (files) => this.policies.setDirectory(files),
      onProblem: (problem) => {
        this.#directoryProblem = problem?.message;
        if (problem) this.log.error({ directory: path }, problem.message);
        else this.log.info({ directory: path }, 'The policies of the directory are in force');
      },
    });
  }

  #deviceVanished(index: number): void {
    const endpoint = this.endpoints.deviceIsGone(index);
    if (endpoint) this.log.info({ endpoint: endpoint.id, name: endpoint.name }, 'Its namespace is gone');
  }

  #saveEndpoints(): void {
    this.#state.endpoints.save(() => ({
      next: this.endpoints.table.next,
      endpoints: this.endpoints.save(),
    }));
    this.#state.identities.save(() => {
      const { identities, ...rest } = this.identities.snapshot();
      return { ...rest, identities: identities.map((each) => ({ ...each, labels: [...each.labels] })) };
    });
  }
}
