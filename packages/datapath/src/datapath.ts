/**
 * The datapath of one host: its maps, and the programs at its endpoints. What it is told (endpoints, peers, policies) is in
 * force when the call returns; what established connections were granted is decided anew then.
 */
import { type MapSpec, WaggleError } from '@waggle/bpf';
import {
  attachTcx,
  createMap,
  type KernelMap,
  type Link,
  type LoadedProgram,
  loadDeclared,
  type MapOf,
  parseIpv4,
  parseMac,
} from '@waggle/kernel';
import { addressWords, prefixKey } from './address-words.ts';
import { endpoints, ipcache } from './addresses.bpf.ts';
import { connections, generations } from './connection.bpf.ts';
import { type endpoint, fromEndpoint, toEndpoint } from './endpoint.bpf.ts';
import { datagrams } from './flow.bpf.ts';
import { policies, policy, Towards } from './policy.bpf.ts';
import { type PolicyMapEntry, type PolicyMapTarget, policyKey, policyValue } from './policy-map.ts';
import { metricOf, metrics } from './report.bpf.ts';

/** An endpoint, as the datapath needs to know it. */
export interface EndpointSpec {
  /** The host's end of its veth pair: the device's index. */
  readonly interface: number;
  readonly identity: number;
  readonly ipv4?: string;
  readonly ipv6?: string;
  /** The MAC address of its own end. */
  readonly mac: string;
  /** The MAC address of the host's end. */
  readonly gatewayMac: string;
}

/** Packets and bytes. */
export interface TrafficCount {
  readonly packets: bigint;
  readonly bytes: bigint;
}

/** An endpoint's programs and their places. */
interface Attached {
  readonly spec: EndpointSpec;
  readonly programs: readonly LoadedProgram[];
  readonly links: readonly Link[];
}

/** No address: nothing that is sent comes from there. */
const NONE = '::';

export interface DatapathOptions {
  /** How many connections are remembered; those that were quiet for longest are forgotten first. */
  readonly maxConnections?: number;
}

export class Datapath implements Disposable {
  readonly #endpoints: MapOf<typeof endpoints>;
  readonly #ipcache: MapOf<typeof ipcache>;
  readonly #policies: MapOf<typeof policies>;
  readonly #connections: MapOf<typeof connections>;
  readonly #generations: MapOf<typeof generations>;
  readonly #metrics: MapOf<typeof metrics>;
  readonly #datagrams: MapOf<typeof datagrams>;
  readonly #attached = new Map<number, Attached>();

  private constructor(
    create: <S extends MapSpec>(spec: S, maxEntries?: number) => MapOf<S>,
    options: DatapathOptions,
  ) {
    this.#endpoints = create(endpoints);
    this.#ipcache = create(ipcache);
    this.#policies = create(policies);
    this.#connections = create(connections, options.maxConnections);
    this.#generations = create(generations);
    this.#metrics = create(metrics);
    this.#datagrams = create(datagrams);
  }

  /**
   * Creates the maps of a host.
   * @throws KernelError DENIED without CAP_BPF, FULL without memory; nothing is left behind then.
   */
  static create(options: DatapathOptions = {}): Datapath {
    const created: KernelMap[] = [];
    const create = <S extends MapSpec>(spec: S, maxEntries = spec.maxEntries): MapOf<S> => {
      const map = createMap({ ...spec, maxEntries });
      created.push(map);
      return map;
    };
    try {
      return new Datapath(create, options);
    } catch (error) {
      for (const map of created) map.close();
      throw error;
    }
  }

  /**
   * Puts the programs of an endpoint in place. Called in the network namespace of the host's end.
   * @throws WaggleError EXISTS when there is one at this device; nothing has changed when it throws.
   */
  addEndpoint(spec: EndpointSpec): void {
    if (this.#attached.has(spec.interface)) {
      throw new WaggleError('EXISTS', `There is already an endpoint at device ${spec.interface}.`);
    }
    const addresses = [spec.ipv4, spec.ipv6].filter((address) => address !== undefined);
    const value = { interface: spec.interface, identity: spec.identity, mac: parseMac(spec.mac) };
    const config = { endpoint: endpointConfig(spec) };
    const maps = this.#maps();
    const programs: LoadedProgram[] = [];
    const links: Link[] = [];
    try {
      const from = loadDeclared(fromEndpoint, { maps, config });
      programs.push(from);
      const to = loadDeclared(toEndpoint, { maps });
      programs.push(to);
      links.push(attachTcx(from.program, spec.interface, 'ingress'));
      links.push(attachTcx(to.program, spec.interface, 'egress'));
      for (const address of addresses) this.#endpoints.set({ words: addressWords(address) }, value);
    } catch (error) {
      for (const address of addresses) this.#endpoints.delete({ words: addressWords(address) });
      for (const held of [...links, ...programs]) held.close();
      throw error;
    }
    this.#attached.set(spec.interface, { spec, programs, links });
    this.#decideAnew();
  }

  /** Takes the programs of an endpoint away. */
  removeEndpoint(device: number): void {
    const attached = this.#attached.get(device);
    if (!attached) return;
    for (const address of [attached.spec.ipv4, attached.spec.ipv6]) {
      if (address !== undefined) this.#endpoints.delete({ words: addressWords(address) });
    }
    for (const held of [...attached.links, ...attached.programs]) held.close();
    this.#attached.delete(device);
    this.#decideAnew();
  }

  /** Says which identity is behind a prefix. */
  setPeer(prefix: string, identity: number): void {
    this.#ipcache.set(prefixKey(prefix), { identity });
    this.#decideAnew();
  }

  /** Forgets who is behind a prefix. */
  removePeer(prefix: string): void {
    this.#ipcache.delete(prefixKey(prefix));
    this.#decideAnew();
  }

  /**
   * Puts a policy in force, the whole of it at once: the new map is complete before anyone sees it.
   * @param target - Where each entry leads to.
   */
  setPolicy<E extends PolicyMapEntry>(
    identity: number,
    entries: readonly E[],
    target: (entry: E) => PolicyMapTarget,
  ): void {
    using map = createMap(policy);
    for (const entry of entries) map.set(policyKey(entry), policyValue(entry, target(entry)));
    this.#policies.set(identity, map);
    this.#decideAnew();
  }

  /** Takes a policy away: what its endpoints send and get is dropped. */
  removePolicy(identity: number): void {
    this.#policies.delete(identity);
    this.#decideAnew();
  }

  /** What was counted for a reason, on the way to endpoints or away from them. */
  traffic(reason: number, towards: keyof typeof Towards): TrafficCount {
    const counts: readonly TrafficCount[] = this.#metrics.get(metricOf(reason, Towards[towards])) ?? [];
    return {
      packets: counts.reduce((sum, { packets }) => sum + packets, 0n),
      bytes: counts.reduce((sum, { bytes }) => sum + bytes, 0n),
    };
  }

  /** Ends everything: the programs are detached, the maps gone. */
  close(): void {
    for (const device of [...this.#attached.keys()]) this.removeEndpoint(device);
    for (const map of Object.values(this.#maps())) map.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #maps() {
    return {
      endpoints: this.#endpoints,
      ipcache: this.#ipcache,
      policies: this.#policies,
      connections: this.#connections,
      generations: this.#generations,
      metrics: this.#metrics,
      datagrams: this.#datagrams,
    };
  }

  #decideAnew(): void {
    this.#generations.set(0, ((this.#generations.get(0) ?? 0) + 1) >>> 0);
  }
}

/** The values of {@link endpoint}. */
function endpointConfig(spec: EndpointSpec) {
  const [ipv6Word0, ipv6Word1, ipv6Word2, ipv6Word3] = addressWords(spec.ipv6 ?? NONE);
  const mac = parseMac(spec.gatewayMac);
  const view = new DataView(mac.buffer, mac.byteOffset, mac.byteLength);
  return {
    interface: spec.interface,
    ipv4: spec.ipv4 === undefined ? 0 : parseIpv4(spec.ipv4),
    ipv6Word0,
    ipv6Word1,
    ipv6Word2,
    ipv6Word3,
    gatewayHigh: view.getUint32(0),
    gatewayLow: view.getUint16(4),
  };
}
