/** The programs of an endpoint, made for it. */
import { type KernelMap, type LoadedProgram, loadDeclared, parseIpv4, parseMac } from '@waggle/kernel';
import { addressWords } from './address-words.ts';
import { fromEndpoint, toEndpoint } from './endpoint.bpf.ts';
import type { EndpointSpec } from './endpoint-table.ts';
import type { monitoringConfig } from './events/options.ts';

/** On which side of the host's end each program is. */
export const ENDPOINT_SITES = { from: 'ingress', to: 'egress' } as const;

/** No address: nothing that is sent comes from there. */
const NONE = '::';

/** Loaded programs, until they are closed; links keep what they hold. */
export class EndpointPrograms implements Disposable {
  readonly from: LoadedProgram;
  readonly to: LoadedProgram;

  /** @throws VerifierError, KernelError; nothing is left behind then. */
  constructor(
    spec: EndpointSpec,
    maps: Readonly<Record<string, KernelMap>>,
    monitoring: ReturnType<typeof monitoringConfig>,
  ) {
    const config = endpointConfigs(spec, monitoring);
    this.from = loadDeclared(fromEndpoint, { maps, config: config.from });
    try {
      this.to = loadDeclared(toEndpoint, { maps, config: config.to });
    } catch (error) {
      this.from.close();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.from.close();
    this.to.close();
  }
}

/** What each program of an endpoint is loaded with. */
export const endpointConfigs = (spec: EndpointSpec, monitoring: ReturnType<typeof monitoringConfig>) => ({
  from: { endpoint: endpointConfig(spec), monitoring },
  to: { monitoring },
});

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
