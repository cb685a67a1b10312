/**
 * The programs at the host's devices: what endpoints send to the world goes under the address of the device by which it leaves, and
 * where rules select the host itself, its own traffic is decided, too.
 */
import { WaggleError } from '@waggle/bpf';
import { checkHostPort, type Datapath, type PublishedPort } from '@waggle/datapath';
import type { NetworkNamespace } from '@waggle/kernel';
import { RESERVED_IDENTITIES } from '@waggle/policy';
import { type EndpointAddresses, listAddresses } from '../addresses/index.ts';
import type { AgentOptions } from '../options.ts';
import type { Enforcer } from '../policies/enforcer.ts';
import { addressesOf } from './host-addresses.ts';

export interface DeviceProgramsOptions {
  readonly host: NetworkNamespace;
  readonly datapath: Datapath;
  readonly enforcer: Enforcer;
  readonly options: Pick<AgentOptions, 'ipv4-pool' | 'ipv6-pool' | 'native-routing-cidr' | 'masquerade'>;
}

interface Device {
  readonly name: string;
  readonly index: number;
}

export class DevicePrograms {
  readonly #options: DeviceProgramsOptions;
  readonly #devices = new Map<number, Device>();
  #firewall = false;

  constructor(options: DeviceProgramsOptions) {
    this.#options = options;
  }

  /** Puts the programs of a device in place, or others in their place. @throws KernelError; nothing has changed then. */
  attach(device: Device): void {
    const { host, datapath, enforcer, options } = this.#options;
    const { 'ipv4-pool': ipv4, 'ipv6-pool': ipv6, 'native-routing-cidr': except } = options;
    const spec = {
      interface: device.index,
      name: device.name,
      ...addressesOf(host, device.index),
      masquerade: options.masquerade && { sources: [ipv4, ipv6].filter((pool) => pool !== 'none'), except },
      hostFirewall: this.#firewall,
    };
    host.run(() => datapath.addDevice(spec));
    this.#devices.set(device.index, device);
    enforcer.resync();
  }

  detach({ index }: Device): void {
    const { host, datapath, enforcer } = this.#options;
    host.run(() => datapath.removeDevice(index));
    this.#devices.delete(index);
    enforcer.resync();
  }

  /**
   * Says whether ports can be published for an endpoint.
   * @throws WaggleError INVALID without a device, or for a port that the host uses; NOT_FOUND for an address that no device has, EXISTS
   *   where a program of the host serves.
   */
  checkPublished(ports: readonly PublishedPort[], endpoint: EndpointAddresses): void {
    const { host } = this.#options;
    if (this.#devices.size === 0) {
      throw new WaggleError('INVALID', 'There is no device at which ports could be published.', {
        hint: 'Start the agent with --device NAME',
      });
    }
    const devices = [...this.#devices.keys()].flatMap((index) => listAddresses(addressesOf(host, index)));
    for (const port of ports) {
      const at = addressesFor(port, devices, endpoint);
      host.run(() => checkHostPort(port, at));
    }
  }

  /** Takes programs away from devices that the agent no longer works on. */
  detachOthers(): void {
    for (const { device: index } of this.#options.datapath.devices()) {
      if (!this.#devices.has(index)) this.detach({ name: '', index });
    }
  }

  /** The addresses of devices have changed. */
  refresh(): void {
    for (const device of this.#devices.values()) this.attach(device);
  }

  /**
   * Decides about the host's own traffic from now on, or no longer. Its policy is in force before anything is asked about it, and
   * as long as it is.
   */
  setFirewall(on: boolean): void {
    if (on === this.#firewall) return;
    const { enforcer } = this.#options;
    if (on) {
      enforcer.keep(RESERVED_IDENTITIES.host);
      enforcer.enforce();
    }
    this.#firewall = on;
    this.refresh();
    if (!on) {
      enforcer.drop(RESERVED_IDENTITIES.host);
      enforcer.enforce();
    }
  }
}

/** At which addresses of devices a port is to be published. */
function addressesFor(
  { address }: PublishedPort,
  devices: readonly string[],
  endpoint: EndpointAddresses,
): readonly string[] {
  const reached = devices.filter(
    (each) => (each.includes(':') ? endpoint.ipv6 : endpoint.ipv4) !== undefined,
  );
  if (address === undefined && reached.length > 0) return reached;
  if (address === undefined) {
    throw new WaggleError('NOT_FOUND', 'No device has an address of a family in which the endpoint has one.');
  }
  if (!devices.includes(address)) {
    throw new WaggleError('NOT_FOUND', `No device of the agent has the address ${address}.`, {
      hint: `There are ${devices.join(', ')}`,
    });
  }
  if (reached.includes(address)) return [address];
  throw new WaggleError('INVALID', `The endpoint has no address of the family of ${address}.`);
}
