/**
 * The daemon's parts, put together: it opens what is pinned and what is saved, brings both in step, and then answers. What it changes
 * is in the kernel at once and in the store soon after; when it ends, whatever way, traffic goes on under what is in the kernel.
 */
import { Datapath } from '@waggle/datapath';
import { LabelFilter, type PolicyRepository, parseLabel, RESERVED_IDENTITIES } from '@waggle/policy';
import type { AddressBook } from './addresses/index.ts';
import { type AgentHooks, type EventCounts, NO_EVENTS } from './agent-hooks.ts';
import { newRepository, openAddresses } from './agent-parts.ts';
import { type AgentState, openState, saveEndpoints } from './agent-state.ts';
import type { DeviceView, MutableConfig } from './control.ts';
import { Controllers } from './controllers.ts';
import { programsOf } from './endpoints/datapath-programs.ts';
import { Endpoints } from './endpoints/endpoints.ts';
import { removeStrangers } from './endpoints/strangers.ts';
import { attachDevices } from './host/attach-devices.ts';
import { DevicePrograms } from './host/device-programs.ts';
import type { HostDevices } from './host/devices.ts';
import { type Host, openHost, prepare } from './host/host.ts';
import { HostAddresses } from './host/host-addresses.ts';
import { IdentityTable } from './identities/identity-table.ts';
import { createLog, type Logger } from './log.ts';
import { OpenParts } from './open-parts.ts';
import type { AgentOptions } from './options.ts';
import { wantedPeers } from './peers/peer-table.ts';
import { targetOf } from './policies/datapath-target.ts';
import { Enforcer } from './policies/enforcer.ts';
import { Policies, peerOf } from './policies/policies.ts';
import { PolicyBook } from './policies/policy-book.ts';
import { PolicyDirectory } from './policies/policy-directory.ts';
import { StateStore } from './state/index.ts';
import { HostNetworks } from './workload/index.ts';

/** How often connections that are over are collected, and addresses that nobody claimed. */
const COLLECTION = 30_000;

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
  /** What ends with it. */
  readonly #parts = new OpenParts();
  readonly #state: AgentState;
  readonly #hostAddresses: HostAddresses;
  readonly #networks: HostNetworks;
  readonly #hooks: AgentHooks;
  readonly #devicePrograms: DevicePrograms;
  readonly #devices: HostDevices;
  #config: MutableConfig;
  #repository: PolicyRepository;
  #directory: PolicyDirectory | undefined;
  #ready = false;

  /**
   * Starts an agent: when it answers, everything of an earlier run is in force again.
   *
   * @throws WaggleError BUSY when another agent runs, StateCorruptError, and what the kernel refuses. Nothing has changed then for
   *   traffic.
   */
  constructor(options: AgentOptions, hooks: AgentHooks = {}) {
    this.options = options;
    this.#hooks = hooks;
    const { enforcement, audit, 'log-level': logLevel } = options;
    this.#config = { enforcement, audit, logLevel };
    this.log = createLog({ level: logLevel, format: options['log-format'] });
    try {
      this.store = this.#parts.add(
        StateStore.open(options['state-dir'], {
          discard: options['discard-state'],
          onProblem: ({ message }) => this.log.error(message),
        }),
      );
      this.#state = openState(this.store);
      this.host = openHost(options);
      this.#parts.add(this.host.namespace);
      prepare(this.host, options, this.#state.hostChanges);
      this.datapath = this.#parts.add(
        Datapath.open({
          pins: options.pins,
          // Policies are in force before the programs are replaced, and until then those of before go on under their own.
          otherLayout: 'replace',
          maxConnections: options['max-connections'],
          monitoring: { aggregation: options['monitor-aggregation'] },
        }),
      );
      this.controllers = this.#parts.add(
        new Controllers({ onFailure: (name, { message }) => this.log.error({ controller: name }, message) }),
      );
      this.#hostAddresses = this.#parts.add(
        new HostAddresses(this.host.namespace, () => {
          this.log.info({ addresses: this.#hostAddresses.list() }, 'The addresses of the host have changed');
          this.enforcer.enforce();
          this.#devicePrograms.refresh();
        }),
      );
      this.#repository = newRepository(this.#config, options);
      this.identities = new IdentityTable(this.#repository, this.#state.identities.found, {
        hostLabels: options['host-label'].map((label) => parseLabel(label)),
      });
      this.book = new PolicyBook(this.#repository);
      this.book.restore(this.#state.policies.found ?? []);
      this.addresses = openAddresses(options, this.#state.addresses);
      this.enforcer = this.#parts.add(this.#openEnforcer());
      this.#networks = this.#parts.add(
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
      this.#devices = this.#parts.add(
        attachDevices({
          host: this.host.namespace,
          options,
          programs: this.#devicePrograms,
          document: this.#state.devices,
          log: this.log,
        }),
      );
    } catch (error) {
      this.#parts.abandon();
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
    return this.#directory?.problem;
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

  eventCounts(): EventCounts {
    return this.#hooks.eventCounts?.() ?? NO_EVENTS;
  }

  /** Changes what can be changed while it runs; in force when it returns. */
  setConfig(change: Partial<MutableConfig>): void {
    const before = this.#config;
    this.#config = { ...before, ...change };
    const { enforcement, audit, logLevel } = this.#config;
    this.log.level = logLevel;
    if (enforcement !== before.enforcement) {
      this.#repository = newRepository(this.#config, this.options);
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
    await this.#parts.close();
    this.log.info('Stopped; traffic goes on under the policies that are in force');
  }

  #openEnforcer(): Enforcer {
    return new Enforcer(this.#repository, {
      identities: this.identities,
      controllers: this.controllers,
      hostAddresses: () => this.hostAddresses,
      audit: () => this.#config.audit,
      target: targetOf(this.datapath),
    });
  }

  #openEndpoints(): Endpoints {
    return new Endpoints({
      networks: this.#networks,
      programs: programsOf(this.datapath, this.host.namespace),
      pools: this.addresses,
      ports: { check: (ports, endpoint) => this.#devicePrograms.checkPublished(ports, endpoint) },
      identities: this.identities,
      enforcer: this.enforcer,
      labelFilter: new LabelFilter(this.options['label-filter']),
      ...(this.#state.endpoints.found && { next: this.#state.endpoints.found.next }),
      save: () => {
        saveEndpoints(this.#state, this.endpoints, this.identities);
        // Who asked for it waits for the disk in any case.
        if (this.#ready) this.store.flush().catch(() => {});
      },
      onChange: ({ id, name, identity, addresses }, what) => {
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
        const rules = this.book.ruleCount;
        this.#hooks.onEvent?.({ event: `policy-${what}`, message: `Policies ${what}`, ...applied, rules });
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
    const strays = removeStrangers({
      host: this.host.namespace,
      datapath: this.datapath,
      networks: this.#networks,
      endpoints: this.endpoints.table,
    });
    if (strays.length > 0) this.log.warn({ devices: strays }, 'Devices of unknown endpoints were removed');
    this.enforcer.enforce();
    saveEndpoints(this.#state, this.endpoints, this.identities);
    this.#ready = true;
    const endpoints = this.endpoints.table.size;
    this.log.info({ host: this.host.description, endpoints, adopted: this.datapath.adopted }, 'Ready');
    this.#hooks.onEvent?.({ event: 'started', message: 'Agent started', endpoints });
  }

  #openDirectory(): void {
    const path = this.options['policy-dir'];
    if (path === undefined) return;
    this.#directory = this.#parts.add(
      new PolicyDirectory(path, {
        onFiles: (files) => this.policies.setDirectory(files),
        onProblem: (problem) => {
          if (problem) this.log.error({ directory: path }, problem.message);
          else this.log.info({ directory: path }, 'The policies of the directory are in force');
        },
      }),
    );
  }

  #deviceVanished(index: number): void {
    const endpoint = this.endpoints.deviceIsGone(index);
    if (endpoint) this.log.info({ endpoint: endpoint.id, name: endpoint.name }, 'Its namespace is gone');
  }
}
