/** The programs at the devices of endpoints. */
import { type KernelMap, type LoadedProgram, loadDeclared, parseIpv4, parseMac } from '@waggle/kernel';
import { addressWords } from './address-words.ts';
import { fromEndpoint, toEndpoint } from './endpoint.bpf.ts';
import type { EndpointSpec } from './endpoint-table.ts';
import type { monitoringConfig } from './events/options.ts';

/** On which side of the host's end each program is. */
export const ENDPOINT_SITES = { from: 'ingress', to: 'egress' } as const;

/** No address: nothing that is sent comes from there. */
const NONE = '::';

/** The programs of a host's endpoints. */
export class EndpointPrograms implements Disposable {
  readonly #maps: Readonly<Record<string, KernelMap>>;
  readonly #monitoring: Monitoring;
  /** The same for all endpoints. The kernel takes longest to check a program, so it does that once. */
  #to: LoadedProgram | undefined;

  constructor(maps: Readonly<Record<string, KernelMap>>, monitoring: Monitoring) {
    this.#maps = maps;
    this.#monitoring = monitoring;
  }

  /**
   * The programs of an endpoint. `from` is to be closed when it is attached; `to` stays open for the next one.
   * @throws VerifierError, KernelError; nothing is left behind then.
   */
  load(spec: EndpointSpec): { readonly from: LoadedProgram; readonly to: LoadedProgram } {
    const [maps, monitoring] = [this.#maps, this.#monitoring];
    this.#to ??= loadDeclared(toEndpoint, { maps, config: toEndpointConfigs(monitoring) });
    const from = loadDeclared(fromEndpoint, { maps, config: fromEndpointConfigs(spec, monitoring) });
    return { from, to: this.#to };
  }

  close(): void {
    this.#to?.close();
    this.#to = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

type Monitoring = ReturnType<typeof monitoringConfig>;

/** What the program for packets from an endpoint is loaded with. */
export const fromEndpointConfigs = (spec: EndpointSpec, monitoring: Monitoring) => ({
  endpoint: endpointConfig(spec),
  monitoring,
});

/** What the program for packets to any endpoint is loaded with. */
export const toEndpointConfigs = (monitoring: Monitoring) => ({ monitoring });

/** The values of the config `endpoint`. */
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
