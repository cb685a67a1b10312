/**
 * The devices by which a host reaches the network, as user space sees them: their programs, what these are told, and the
 * translations that they have made.
 */
import { type Infer, WaggleError } from '@waggle/bpf';
import { dropKept, hostPrefix, loadDeclared, parseIpv4 } from '@waggle/kernel';
import { addressWords, prefixKey } from './address-words.ts';
import { HOST } from './addresses.bpf.ts';
import { DeviceLinks } from './device-links.ts';
import type { monitoringConfig } from './events/options.ts';
import { fromNetwork, toNetwork } from './host.bpf.ts';
import { noteHostConnections } from './host-connections.ts';
import type { DatapathMaps } from './layout.ts';
import { RANGE_BITS, type RangeKey, Role } from './masquerade.bpf.ts';
import type { PeerUpdate } from './peer-table.ts';
import type { PinDirectory } from './pins.ts';
import type { PublishedPorts } from './published-ports.ts';
import { type PortRange, translationPorts } from './source-ports.ts';

/** Who is masqueraded. */
export interface Masquerade {
  /** Prefixes of endpoints. */
  readonly sources: readonly string[];
  /** Prefixes that they reach with their own addresses. */
  readonly except: readonly string[];
  /** The ports that may stand for theirs; by default those that the host does not use. */
  readonly ports?: PortRange;
}

/** A device by which the host reaches the network. */
export interface DeviceSpec {
  /** Its index. */
  readonly interface: number;
  readonly name: string;
  /** The addresses that stand for those of endpoints. What has none in a family is not masqueraded in that family. */
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly masquerade: Masquerade | false;
  /** Whether the policy of the host (identity 1) is asked about what the host itself sends and gets. */
  readonly hostFirewall: boolean;
}

/** A device that has programs here. */
export interface DeviceView {
  readonly device: number;
  /** Absent for one that was found when the datapath was opened; add it again to say how it shall be. */
  readonly spec?: DeviceSpec;
}

/** On which side of a device each program is. */
export const DEVICE_SITES = { from: 'ingress', to: 'egress' } as const;

/** What the programs are called, with the number of the device behind. */
const PROGRAMS = ['fromNet', 'toNet'] as const;

type Range = Infer<typeof RangeKey>;

/** Has it written who is behind prefixes. */
type ApplyPeers = (peers: readonly PeerUpdate[]) => void;

export class HostDevices implements Disposable {
  readonly #maps: DatapathMaps;
  readonly #monitoring: ReturnType<typeof monitoringConfig>;
  readonly #links: DeviceLinks<keyof typeof DEVICE_SITES>;
  readonly #keep: string | undefined;
  readonly #published: PublishedPorts;
  readonly #specs = new Map<number, DeviceSpec>();
  /** Those whose programs look for published ports. */
  readonly #publishing = new Set<number>();

  /**
   * @param monitoring what the programs tell.
   * @param pins where links are pinned, and programs kept; without it they end with this process.
   */
  constructor(
    maps: DatapathMaps,
    monitoring: ReturnType<typeof monitoringConfig>,
    published: PublishedPorts,
    pins?: PinDirectory,
  ) {
    this.#maps = maps;
    this.#published = published;
    this.#monitoring = monitoring;
    this.#links = new DeviceLinks(DEVICE_SITES, pins?.links('devices'));
    this.#keep = pins?.programs;
    for (const device of this.#links.adopt()) this.#forget(device);
  }

  /** Those that have programs. */
  list(): DeviceView[] {
    return this.#links.devices().map((device) => {
      const spec = this.#specs.get(device);
      return { device, ...(spec && { spec }) };
    });
  }

  /**
   * Puts the programs of a device in place, or others in their place without a gap. Called in the network namespace of the device.
   * @throws WaggleError MALFORMED, OUT_OF_RANGE, INVALID; KernelError NOT_FOUND without the device. Nothing has changed then.
   */
  put(spec: DeviceSpec, applyPeers: ApplyPeers): void {
    const publishes = this.#published.any;
    const config = { device: deviceConfig(spec, publishes), monitoring: this.#monitoring };
    const before = [...this.#rangesOf(spec.interface)];
    using from = loadDeclared(fromNetwork, {
      maps: this.#maps,
      config,
      ...this.#kept('fromNet', spec.interface),
    });
    using to = loadDeclared(toNetwork, { maps: this.#maps, config, ...this.#kept('toNet', spec.interface) });
    try {
      this.#setRanges(spec.interface, wantedRanges(spec));
      applyPeers(ownAddresses(spec).map((prefix) => ({ prefix, identity: HOST })));
      if (spec.hostFirewall) noteHostConnections(this.#maps);
      this.#links.attach(spec.interface, { from: from.program, to: to.program });
    } catch (error) {
      this.#setRanges(spec.interface, before);
      applyPeers(this.#given(ownAddresses(spec)));
      throw error;
    }
    const former = this.#specs.get(spec.interface);
    this.#specs.set(spec.interface, spec);
    if (publishes) this.#publishing.add(spec.interface);
    else this.#publishing.delete(spec.interface);
    if (former) applyPeers(this.#given(ownAddresses(former)));
    this.#syncPublished();
  }

  /**
   * Puts published ports in force as they are wanted now. Programs look for them from when there are some; they are not replaced
   * again when there are none.
   * @throws what {@link put} throws.
   */
  publish(applyPeers: ApplyPeers): void {
    if (this.#published.any) {
      for (const spec of this.#specs.values()) {
        if (!this.#publishing.has(spec.interface)) this.put(spec, applyPeers);
      }
    }
    this.#syncPublished();
  }

  /** What was published at devices stays until it is said how they shall be: nobody is cut off meanwhile. */
  #syncPublished(): void {
    const isAll = this.#links.devices().every((device) => this.#specs.has(device));
    this.#published.sync([...this.#specs.values()], isAll);
  }

  /** How a device shall be. @throws WaggleError NOT_FOUND */
  specOf(device: number): DeviceSpec {
    const spec = this.#specs.get(device);
    if (spec) return spec;
    throw new WaggleError('NOT_FOUND', `nothing is known of device ${device}`, { hint: 'Add it first' });
  }

  /** Takes the programs of a device away. What it has translated ends. */
  remove(device: number, applyPeers: ApplyPeers): void {
    const former = this.#specs.get(device);
    this.#links.detach(device);
    this.#forget(device);
    this.#specs.delete(device);
    this.#publishing.delete(device);
    if (former) applyPeers(this.#given(ownAddresses(former)));
    this.#syncPublished();
  }

  /** Lets go of the links; those that are not pinned end. */
  close(): void {
    this.#links.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Under which name a program is kept: each device has its own. */
  #kept(name: (typeof PROGRAMS)[number], device: number): { readonly name: string; readonly keep?: string } {
    return { name: `${name}_${device}`, ...(this.#keep !== undefined && { keep: this.#keep }) };
  }

  /** Removes what there is of a device besides its links. */
  #forget(device: number): void {
    this.#setRanges(device, []);
    if (this.#keep === undefined) return;
    for (const name of PROGRAMS) dropKept(this.#keep, this.#kept(name, device).name);
  }

  /** Addresses that are no device's any more, to be forgotten. */
  #given(addresses: readonly string[]): PeerUpdate[] {
    const kept = new Set([...this.#specs.values()].flatMap(ownAddresses));
    return addresses.filter((prefix) => !kept.has(prefix)).map((prefix) => ({ prefix, identity: null }));
  }

  *#rangesOf(device: number): Generator<Range> {
    for (const key of this.#maps.ranges.keys()) if (key.device === device) yield key;
  }

  /** Makes ranges those of a device: what is new comes before what is old goes, so that nobody is left out meanwhile. */
  #setRanges(device: number, wanted: readonly Range[]): void {
    const known = new Set(wanted.map(rangeText));
    this.#maps.ranges.setAll(wanted.map((key) => [key, 1] as const));
    this.#maps.ranges.deleteAll([...this.#rangesOf(device)].filter((key) => !known.has(rangeText(key))));
  }
}

const rangeText = ({ prefixLength, role, address }: Range): string =>
  `${role} ${address.join('.')}/${prefixLength}`;

/** The addresses of a device, as prefixes. */
const ownAddresses = ({ ipv4, ipv6 }: DeviceSpec): string[] =>
  [ipv4, ipv6].filter((address) => address !== undefined).map(hostPrefix);

function rangeKey(device: number, role: number, prefix: string): Range {
  const { prefixLength, address } = prefixKey(prefix);
  return { prefixLength: RANGE_BITS + prefixLength, device, role, address };
}

function wantedRanges({ interface: device, masquerade }: DeviceSpec): Range[] {
  if (!masquerade) return [];
  return [
    ...masquerade.sources.map((prefix) => rangeKey(device, Role.Source, prefix)),
    ...masquerade.except.map((prefix) => rangeKey(device, Role.Except, prefix)),
  ];
}

/** The values of the config `device`. */
function deviceConfig(spec: DeviceSpec, published: boolean) {
  const { masquerade } = spec;
  const [ipv6Word0, ipv6Word1, ipv6Word2, ipv6Word3] = addressWords(spec.ipv6 ?? '::');
  const { first, last } = masquerade ? translationPorts(masquerade.ports) : { first: 0, last: 0 };
  return {
    interface: spec.interface,
    masquerade: masquerade !== false,
    published,
    hostFirewall: spec.hostFirewall,
    ipv4: spec.ipv4 === undefined ? 0 : parseIpv4(spec.ipv4),
    ipv6Word0,
    ipv6Word1,
    ipv6Word2,
    ipv6Word3,
    firstPort: first,
    lastPort: last,
  };
}
