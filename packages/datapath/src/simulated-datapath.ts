/**
 * The datapath without a kernel: the programs of the endpoints, in the interpreter, on maps that hold what the kernel's would. What
 * is decided about a packet is what the bytecode returns; nothing here decides. For packets that somebody made up or recorded, and
 * for machines where the kernel does not let us.
 */
import {
  compiledBody,
  type Infer,
  type MapSpec,
  type ProgramDeclaration,
  Tc,
  WaggleError,
} from '@waggle/bpf';
import {
  type Code,
  CodeVariants,
  type GivenConfigs,
  Helper,
  type HelperFunction,
  Machine,
  programFromJson,
  tcContext,
  type VirtualMapOf,
  virtualMap,
} from '@waggle/compiler';
import { parseMac } from '@waggle/kernel';
import { addressWords, prefixKey } from './address-words.ts';
import { anyPacket } from './any-packet.bpf.ts';
import { type ConnectionView, connectionView } from './connection-list.ts';
import { connectionEntries } from './connection-tables.ts';
import { fromEndpoint, ProgramIndex, toEndpoint } from './endpoint.bpf.ts';
import type { EndpointSpec } from './endpoint-table.ts';
import type { Event } from './event.bpf.ts';
import { monitoringConfig } from './events/options.ts';
import { mapSpecs } from './layout.ts';
import { HOST_BITS } from './peer-table.ts';
import { policy, Towards } from './policy.bpf.ts';
import {
  type InstalledEntry,
  installedEntry,
  type PolicyMapEntry,
  type PolicyMapTarget,
  policyKey,
  policyValue,
} from './policy-map.ts';
import { MAX_METRICS, metricOf } from './report.bpf.ts';
import type { TrafficView } from './traffic-counts.ts';

type VirtualMaps = { readonly [Name in keyof typeof mapSpecs]: VirtualMapOf<(typeof mapSpecs)[Name]> };

/** What became of a packet. */
export interface Passage {
  /** `redirected`: handed to another device; `passed`: it goes on, into the endpoint or to the host's routes. */
  readonly verdict: 'passed' | 'dropped' | 'redirected';
  /** The device that it was handed to. */
  readonly device?: number;
  /** The packet as the program left it. */
  readonly packet: Uint8Array;
  /** How many instructions that took. */
  readonly instructions: number;
}

/** As much as is worth it for made-up packets: the kernel's sizes would take hundreds of megabytes here. */
const ENTRIES = 1024;
const EVENT_BYTES = 1 << 18;
const CONFIG = { monitoring: monitoringConfig() };

export class SimulatedDatapath {
  readonly #maps: VirtualMaps;
  readonly #devices = new Set<number>();
  readonly #from: Machine<VirtualMaps>;
  readonly #to: Machine<VirtualMaps>;
  readonly #clock: () => bigint;
  #redirection: number | undefined;
  #generation = 0;

  /** @param clock nanoseconds since boot, for the ages of connections; by default this machine's. */
  constructor(clock: () => bigint = () => process.hrtime.bigint()) {
    this.#clock = clock;
    const maps = Object.entries(mapSpecs).map(([name, spec]) => [name, virtualMap(smaller(spec), name)]);
    this.#maps = Object.fromEntries(maps);
    this.#from = this.#machine(codeOf(fromEndpoint, CONFIG));
    this.#to = this.#machine(codeOf(toEndpoint, CONFIG));
  }

  /** Puts the programs of an endpoint in place. Without a policy for its identity everything is dropped. */
  addEndpoint(spec: EndpointSpec): void {
    const { interface: device, identity } = spec;
    const value = { interface: device, identity, mac: parseMac(spec.mac) };
    for (const address of [spec.ipv4, spec.ipv6]) {
      if (address !== undefined) this.#maps.endpoints.set({ words: addressWords(address) }, value);
    }
    this.#devices.add(device);
    this.#decideAnew();
  }

  /** Puts a policy in force, the whole of it at once; connections are decided anew. */
  setPolicy<E extends PolicyMapEntry>(
    identity: number,
    entries: readonly E[],
    target: (entry: E) => PolicyMapTarget,
  ): void {
    const map = virtualMap(smaller(policy), 'policy');
    for (const entry of entries) map.set(policyKey(entry), policyValue(entry, target(entry)));
    // There is no other thread here that could see a change half done, so both sets of policies are the same one.
    for (const set of [0, 1]) this.#maps.policies.set({ identity, set }, map);
    this.#decideAnew();
  }

  /** The entries of an identity's policy; null when it has none. */
  policyEntries(identity: number): InstalledEntry[] | null {
    const map = this.#maps.policies.get({ identity, set: 0 });
    if (!map) return null;
    return [...(map as VirtualMapOf<typeof policy>)].map(([key, value]) => installedEntry(key, value));
  }

  /** Says which identity is behind a prefix. */
  setPeer(prefix: string, identity: number): void {
    const key = prefixKey(prefix);
    const { prefixLength, address } = key;
    if (prefixLength === HOST_BITS) this.#maps.ipcacheHosts.set({ words: address }, identity);
    else this.#maps.ipcache.set(key, { identity, prefixLength });
    this.#decideAnew();
  }

  /** What becomes of a frame that an endpoint sends. @throws WaggleError NOT_FOUND */
  fromEndpoint(device: number, frame: Uint8Array): Passage {
    return this.#run(this.#from, device, frame);
  }

  /** What becomes of a frame that the host's routes bring to an endpoint. @throws WaggleError NOT_FOUND */
  toEndpoint(device: number, frame: Uint8Array): Passage {
    return this.#run(this.#to, device, frame);
  }

  /** Everything that was counted. */
  metrics(): TrafficView[] {
    return Array.from({ length: MAX_METRICS / 2 }, (_, reason) =>
      (Object.keys(Towards) as (keyof typeof Towards)[]).flatMap((towards): TrafficView[] => {
        const [count] = this.#maps.metrics.get(metricOf(reason, Towards[towards])) ?? [];
        return count && count.packets > 0n ? [{ reason, towards, ...count }] : [];
      }),
    ).flat();
  }

  /** What the programs have told since this was last asked, the oldest first. */
  events(): Infer<typeof Event>[] {
    return this.#maps.events.drain();
  }

  /** The connections that the programs remember. */
  *connections(): Generator<ConnectionView> {
    const now = Number(this.#clock() / 1_000_000_000n);
    for (const [tuple, connection] of connectionEntries(this.#maps)) {
      yield connectionView(tuple, connection, this.#generation, now);
    }
  }

  #run(machine: Machine<VirtualMaps>, at: number, frame: Uint8Array): Passage {
    if (!this.#devices.has(at)) throw new WaggleError('NOT_FOUND', `there is no endpoint at device ${at}`);
    const context = tcContext(Uint8Array.from(frame), { interfaceIndex: at });
    this.#redirection = undefined;
    const { result, instructions } = machine.run(context);
    const packet = Uint8Array.from(context.packet.bytes);
    const device = this.#redirection;
    if (result === Tc.Redirect && device !== undefined)
      return { verdict: 'redirected', device, packet, instructions };
    return { verdict: result === Tc.Shot ? 'dropped' : 'passed', packet, instructions };
  }

  #machine(code: Code): Machine<VirtualMaps> {
    const handOver: HelperFunction = (_machine, device) => {
      this.#redirection = Number(device);
      return Tc.Redirect;
    };
    const { redirect, redirectPeer, redirectNeigh } = Helper;
    const helpers = { [redirect]: handOver, [redirectPeer]: handOver, [redirectNeigh]: handOver };
    // What a machine goes on in has to be in its own memory.
    const programs = virtualMap(mapSpecs.programs, 'programs');
    const machine = new Machine({ code, maps: { ...this.#maps, programs }, helpers, clock: this.#clock });
    programs.set(ProgramIndex.AnyPacket, machine.load(codeOf(anyPacket, CONFIG)));
    return machine;
  }

  #decideAnew(): void {
    this.#generation += 2;
    this.#maps.generations.set(0, this.#generation);
  }
}

const smaller = <S extends MapSpec>(spec: S): S => ({
  ...spec,
  maxEntries: Math.min(spec.maxEntries, spec.type === 'ringBuffer' ? EVENT_BYTES : ENTRIES),
});

const variants = new WeakMap<
  ProgramDeclaration,
  { readonly name: string; readonly variants: CodeVariants }
>();

/** The bytecode of a program, as the kernel would be given it. */
function codeOf(declaration: ProgramDeclaration, config: GivenConfigs): Code {
  const known = variants.get(declaration) ?? read(declaration);
  variants.set(declaration, known);
  return known.variants.finish(known.name, config).code;
}

function read(declaration: ProgramDeclaration) {
  const body = compiledBody(declaration);
  const { name, program } = programFromJson(body.code);
  return { name, variants: new CodeVariants(() => program, body.bindings().configs) };
}
