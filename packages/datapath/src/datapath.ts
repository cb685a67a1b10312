/**
 * The datapath of one host: its maps, and the programs at its endpoints. What it is told (endpoints, peers, policies) is in
 * force when the call returns; what established connections were granted is decided anew then.
 *
 * With pins, all of that outlives the process: who opens them again finds everything as it was, and no packet notices.
 */

import { WaggleError } from '@waggle/bpf';
import type { KernelMap } from '@waggle/kernel';
import { ExpiredConnections } from './collect-expired.ts';
import { type ConnectionView, listConnections } from './connection-list.ts';
import { DeviceLinks } from './device-links.ts';
import { ENDPOINT_SITES, EndpointPrograms } from './endpoint-programs.ts';
import { type EndpointSpec, EndpointTable } from './endpoint-table.ts';
import type { DatapathEvent } from './events/event.ts';
import { type MonitoringOptions, monitoringConfig } from './events/options.ts';
import { EventReader, type EventReaderOptions } from './events/reader.ts';
import { type DeviceSpec, type DeviceView, HostDevices } from './host-device.ts';
import { checkedSizes, type DatapathMaps, type DatapathSizes, policySpec } from './layout.ts';
import { monotonicSeconds } from './monotonic.ts';
import { type PeerChange, type PeerKind, PeerTable, type PeerUpdate, type PeerView } from './peer-table.ts';
import {
  closeMaps,
  createMaps,
  type OtherLayout,
  PinDirectory,
  type PinnedObject,
  pinned,
  removePins,
} from './pins.ts';
import type { Towards } from './policy.bpf.ts';
import {
  type InstalledEntry,
  installedEntry,
  type PolicyMapEntry,
  type PolicyMapTarget,
} from './policy-map.ts';
import { PolicySets, type PolicyUpdate } from './policy-sets.ts';
import { type PublishedPort, PublishedPorts, type PublishedView } from './published-ports.ts';
import { allTraffic, type TrafficCount, type TrafficView, trafficOf } from './traffic-counts.ts';
import { collectTranslations, listTranslations, type TranslationView } from './translation-list.ts';

export interface DatapathOptions extends DatapathSizes {
  /** A directory of a bpf file system, made if need be; without it everything ends with this process. */
  readonly pins?: string;
  /** What to do about maps of another version of waggle; see {@link Datapath.open}. Default: refuse. */
  readonly otherLayout?: OtherLayout;
  /** Milliseconds to wait for another process that has the pins open. Default: 5000. */
  readonly patience?: number;
  /** What programs tell; those that are attached already keep to what they were loaded with. */
  readonly monitoring?: MonitoringOptions;
}

/** An endpoint that has programs here. */
export interface EndpointView {
  /** The index of the host's end; 0 where the device is gone. */
  readonly device: number;
  /** Absent when it was never completed: add it again, or remove it. */
  readonly spec?: EndpointSpec;
}

/** Things that change in the same instant. */
export interface DatapathChange<E extends PolicyMapEntry = PolicyMapEntry> {
  readonly policies?: Iterable<PolicyUpdate<E>>;
  readonly peers?: Iterable<PeerUpdate>;
}

const PATIENCE = 5000;

const noEndpoint = (device: number): WaggleError =>
  new WaggleError('NOT_FOUND', `there is no endpoint at device ${device}`);

export class Datapath implements Disposable {
  /** Whether the maps were there already. */
  readonly adopted: boolean;
  readonly #maps: DatapathMaps;
  readonly #pins: PinDirectory | undefined;
  readonly #links: DeviceLinks<keyof typeof ENDPOINT_SITES>;
  readonly #devices: HostDevices;
  readonly #endpoints: EndpointTable;
  readonly #published: PublishedPorts;
  readonly #peers: PeerTable;
  readonly #policies: PolicySets;
  readonly #programs: EndpointPrograms;
  readonly #expired: ExpiredConnections;

  private constructor(
    maps: DatapathMaps,
    sizes: Required<DatapathSizes>,
    monitoring: ReturnType<typeof monitoringConfig>,
    pins?: { readonly directory: PinDirectory; readonly adopted: boolean },
  ) {
    this.adopted = pins?.adopted ?? false;
    this.#maps = maps;
    this.#programs = new EndpointPrograms(maps, monitoring, pins?.directory.programs);
    this.#expired = new ExpiredConnections(maps, monotonicSeconds);
    this.#pins = pins?.directory;
    this.#links = new DeviceLinks(ENDPOINT_SITES, pins?.directory.links('endpoints'));
    this.#published = new PublishedPorts(maps);
    this.#devices = new HostDevices(maps, monitoring, this.#published, pins?.directory);
    this.#endpoints = new EndpointTable(maps);
    this.#peers = new PeerTable(maps);
    this.#policies = new PolicySets(maps, policySpec(sizes));
    this.#adoptEndpoints();
  }

  /** Creates the datapath of a host that ends with this process. */
  static create(options: Omit<DatapathOptions, 'pins'> = {}): Datapath {
    return Datapath.open(options);
  }

  /**
   * Opens the datapath of a host: what is pinned, or a new one. Nobody else can open the same pins until it is closed.
   *
   * Maps of another version of waggle cannot be read. To replace them keeps the programs that are attached, with the maps and
   * policies that they have, until {@link addEndpoint} puts new ones in their place; so nothing opens up meanwhile. Put the
   * policies in force before that. Connections that are open then are decided as if they began with their next packet.
   *
   * @throws WaggleError NOT_FOUND, OUT_OF_RANGE, BUSY when another process has it open, WRONG_TYPE for pins of another version;
   *   KernelError DENIED without CAP_BPF, FULL without memory. Nothing is left behind then.
   */
  static open(options: DatapathOptions = {}): Datapath {
    const { pins, otherLayout = 'refuse', patience = PATIENCE } = options;
    const sizes = checkedSizes(options);
    const monitoring = monitoringConfig(options.monitoring);
    if (pins === undefined) {
      const maps = createMaps(sizes);
      return new Datapath(maps, sizes, monitoring);
    }
    const directory = PinDirectory.open(pins, patience);
    try {
      const { maps, adopted } = directory.maps(sizes, otherLayout);
      return new Datapath(maps, sizes, monitoring, { directory, adopted });
    } catch (error) {
      directory.close();
      throw error;
    }
  }

  /** What is pinned in a directory, for those who want to know before they remove it. */
  static list(pins: string): PinnedObject[] {
    return [...pinned(pins)];
  }

  /**
   * Removes everything that is pinned in a directory, whatever of it is there: the programs are detached, the maps gone. Nothing
   * is decided about packets from then on.
   * @returns what was removed.
   * @throws WaggleError BUSY while another process has it open.
   */
  static remove(pins: string, patience = PATIENCE): PinnedObject[] {
    if (pinned(pins).next().done) return [];
    using _lock = PinDirectory.open(pins, patience);
    return removePins(pins);
  }

  /** All maps, by their names. */
  get maps(): DatapathMaps & Readonly<Record<string, KernelMap>> {
    return this.#maps;
  }

  /**
   * Puts the programs of an endpoint in place, or others in their place without a gap. Called in the network namespace of the
   * host's end. Its identity should have a policy by then: without one, everything is dropped.
   * @throws WaggleError MISSING_FIELD without an address, MALFORMED, FULL; KernelError NOT_FOUND without the device. Then nothing
   *   has changed.
   */
  addEndpoint(spec: EndpointSpec): void {
    Array.from(this.addingEndpoint(spec));
  }

  /**
   * The same in steps: it pauses before each program that is new at the device, for the kernel lets this thread wait there for some
   * 8 ms, and others may want their turn. Every step is to be done, in the network namespace of the host's end; the endpoint is there
   * after the last one.
   * @throws what {@link addEndpoint} throws; nothing has changed then.
   */
  *addingEndpoint(spec: EndpointSpec): Generator<void> {
    if (spec.ipv4 === undefined && spec.ipv6 === undefined) {
      throw new WaggleError('MISSING_FIELD', `the endpoint at device ${spec.interface} has no address`);
    }
    const { from, to } = this.#programs;
    // Programs drop what comes from a device without an endpoint, so it is there before them.
    const { undo, trim } = this.#endpoints.put(spec);
    try {
      yield* this.#links.attaching(spec.interface, { from, to });
    } catch (error) {
      undo();
      throw error;
    }
    trim();
    this.#policies.decideAnew();
  }

  /**
   * Gives an endpoint another identity.
   * @throws WaggleError NOT_FOUND
   */
  updateEndpoint(device: number, { identity }: Pick<EndpointSpec, 'identity'>): void {
    const spec = this.#endpoints.get(device);
    if (!spec) throw noEndpoint(device);
    this.#endpoints.put({ ...spec, identity });
    this.#policies.decideAnew();
  }

  /** Takes the programs of an endpoint away, and forgets it with the ports that it has published. */
  removeEndpoint(device: number): void {
    this.#links.detach(device);
    this.publish(device, []);
    this.#endpoints.remove(device);
    this.#policies.decideAnew();
  }

  /**
   * Lets ports of the host's devices lead to an endpoint: these, and no others that it had before. Who connects to one is asked
   * about by the endpoint's policy, under his own address, at the endpoint's port. Ports are published at all devices, those
   * that come later included. Called in the network namespace of the devices.
   * @throws WaggleError NOT_FOUND without the endpoint, EXISTS when another one has a port, OUT_OF_RANGE, MALFORMED, FULL. Then
   *   nothing has changed.
   */
  publish(device: number, ports: readonly PublishedPort[]): void {
    if (ports.length === 0 && !this.#published.has(device)) return;
    const spec = this.#endpoints.get(device);
    if (!spec && ports.length > 0) throw noEndpoint(device);
    const undo = this.#published.put(device, { addresses: spec ?? {}, ports });
    const put = (): void => this.#devices.publish((peers) => this.apply({ peers }));
    try {
      put();
    } catch (error) {
      undo();
      put();
      throw error;
    }
  }

  /** The published ports that are in force. */
  published(): Generator<PublishedView> {
    return this.#published.list();
  }

  /** The endpoints that have programs here, those included that were found when it was opened. */
  endpoints(): EndpointView[] {
    return this.#links.devices().map((device) => {
      const spec = this.#links.isComplete(device) ? this.#endpoints.get(device) : undefined;
      return { device, ...(spec && { spec }) };
    });
  }

  /**
   * Puts the programs of a device that leads to the network in place, or others in their place without a gap. Its addresses are
   * the host's from then on (identity 1). Called in the network namespace of the device.
   * @throws WaggleError MALFORMED, OUT_OF_RANGE, INVALID for ports that the host uses; KernelError NOT_FOUND without the device.
   *   Then nothing has changed.
   */
  addDevice(spec: DeviceSpec): void {
    this.#devices.put(spec, (peers) => this.apply({ peers }));
  }

  /**
   * Changes what is known of a device: its address is another one, or somebody else is masqueraded.
   * @throws WaggleError NOT_FOUND for a device that was not added since the datapath was opened; and what {@link addDevice} throws.
   */
  updateDevice(device: number, changes: Partial<Omit<DeviceSpec, 'interface'>>): void {
    this.addDevice({ ...this.#devices.specOf(device), ...changes });
  }

  /** Takes the programs of a device away; what was masqueraded there is cut. */
  removeDevice(device: number): void {
    this.#devices.remove(device, (peers) => this.apply({ peers }));
  }

  /** The devices that have programs here, those included that were found when it was opened. */
  devices(): DeviceView[] {
    return this.#devices.list();
  }

  /**
   * Changes policies and peers. All policies change in the same instant. Peers that come are known right after the policies that
   * may name them, those that go are forgotten right before.
   * @throws WaggleError MALFORMED, NOT_FOUND, FULL; KernelError. Everything is as before then.
   */
  apply<E extends PolicyMapEntry>({ policies = [], peers = [] }: DatapathChange<E>): void {
    const policyChanges = this.#policies.plan(policies);
    const peerChanges = this.#peers.plan(peers);
    if (policyChanges.length === 0 && peerChanges.length === 0) return;
    const goes = (change: PeerChange): boolean => change.after === null;
    const { inForce } = this.#policies;
    try {
      this.#policies.write(policyChanges);
      this.#peers.write(peerChanges.filter(goes));
      if (policyChanges.length > 0) this.#policies.turn();
      this.#peers.write(peerChanges.filter((change) => !goes(change)));
      if (peerChanges.length > 0) this.#policies.decideAnew();
    } catch (error) {
      this.#peers.undo(peerChanges);
      this.#policies.undo(policyChanges, inForce);
      this.#policies.decideAnew();
      throw error;
    }
  }

  /** Says which identity is behind a prefix. */
  setPeer(prefix: string, identity: number): void {
    this.apply({ peers: [{ prefix, identity }] });
  }

  /** Forgets who is behind a prefix. */
  removePeer(prefix: string): void {
    this.apply({ peers: [{ prefix, identity: null }] });
  }

  /**
   * Puts a policy in force, the whole of it at once.
   * @param target where each entry leads to.
   */
  setPolicy<E extends PolicyMapEntry>(
    identity: number,
    entries: readonly E[],
    target: (entry: E) => PolicyMapTarget,
  ): void {
    this.apply({ policies: [{ identity, entries, target }] });
  }

  /**
   * Sees to it that the first policy of an identity will be in force without a wait; until it is, everything is dropped.
   * It need not be called, and may do nothing: then there is that wait.
   */
  preparePolicy(identity: number): Promise<void> {
    return this.#policies.prepare(identity);
  }

  /** Takes a policy away: what its endpoints send and get is dropped. */
  removePolicy(identity: number): void {
    this.apply({ policies: [{ identity, entries: null }] });
  }

  /** The identities that have a policy. */
  policyIdentities(): number[] {
    return [...this.#policies.identities()];
  }

  /** The entries that are in force for an identity, in the kernel's order; null when it has no policy. */
  policyEntries(identity: number): InstalledEntry[] | null {
    using map = this.#policies.open(identity);
    return map && [...map].map(([key, value]) => installedEntry(key, value));
  }

  /**
   * Who is behind which prefix.
   * @param kind - Single addresses, or prefixes of more, only.
   */
  peers(kind?: PeerKind): Generator<PeerView> {
    return this.#peers.list(kind);
  }

  /**
   * Connections, as long as the kernel remembers them; those that come or go meanwhile may be there or not.
   * @param family - Of one family only.
   */
  connections(family?: 4 | 6): Generator<ConnectionView> {
    return listConnections(this.#maps, family);
  }

  /** What was counted for a reason, on the way to endpoints or away from them. */
  traffic(reason: number, towards: keyof typeof Towards): TrafficCount {
    return trafficOf(this.#maps, reason, towards);
  }

  /** Everything that was counted. */
  metrics(): TrafficView[] {
    return allTraffic(this.#maps);
  }

  /**
   * Reads what programs tell from now on, and what they told before and nobody has read. There is one reader at a time.
   * @param next - Gets each event, in the order in which programs wrote them.
   */
  readEvents(next: (event: DatapathEvent) => void, options: EventReaderOptions = {}): EventReader {
    return new EventReader(this.#maps, next, options);
  }

  /** The numbers of the maps through which events come, for a reader in another thread. */
  eventMaps(): { readonly events: number; readonly accounts: number } {
    const { events, accounts } = this.#maps;
    return { events: events.info().id, accounts: accounts.info().id };
  }

  /** Connections that leave with another source. */
  translations(): Generator<TranslationView> {
    return listTranslations(this.#maps, monotonicSeconds());
  }

  /**
   * Removes connections whose time is up, as many as it finds in some milliseconds; the next call goes on there. When all were
   * looked at, what was translated for those that are gone is removed, too.
   * @returns how many connections there were.
   */
  collect(milliseconds?: number): number {
    const { removed, finished } = this.#expired.remove(milliseconds);
    if (finished) collectTranslations(this.#maps, monotonicSeconds());
    return removed;
  }

  /** Lets go of everything: what is pinned goes on, all else ends. */
  close(): void {
    this.#policies.close();
    this.#programs.close();
    this.#links.close();
    this.#devices.close();
    closeMaps(this.#maps);
    this.#pins?.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Forgets endpoints whose devices are gone, or that never got programs. */
  #adoptEndpoints(): void {
    this.#links.adopt();
    const devices = new Set(this.#links.devices());
    const lost = this.#endpoints.devices().filter((device) => !devices.has(device));
    for (const device of lost) this.#endpoints.remove(device);
    if (lost.length > 0) this.#policies.decideAnew();
  }
}
