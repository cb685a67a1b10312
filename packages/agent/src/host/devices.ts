/**
 * The host's devices that the agent works on. One that carries the only way to the world is let go of again, unless somebody who can
 * still reach the host says in time that all is well: a mistake must not lock out the one who could mend it.
 */
import { WaggleError } from '@waggle/bpf';
import { Network, type NetworkNamespace } from '@waggle/kernel';
import type { DeviceView } from '../control.ts';

/** Seconds in which somebody has to confirm. */
const PATIENCE = 30;
const EVERYWHERE: readonly string[] = ['0.0.0.0/0', '::/0'];

export interface HostDevicesOptions {
  readonly host: NetworkNamespace;
  readonly masquerade: boolean;
  /** Puts programs on a device, or takes them away. */
  readonly attach: (device: { readonly name: string; readonly index: number }) => void;
  readonly detach: (device: { readonly name: string; readonly index: number }) => void;
  /** Devices that need no confirmation: they have had it. */
  readonly confirmed: readonly string[];
  /** Told when one is confirmed, with all those that are by now. */
  readonly onConfirmed: (name: string, confirmed: readonly string[]) => void;
  /** Told when one is let go of. */
  readonly onReleased: (name: string) => void;
  /** Default: 30. */
  readonly patience?: number;
}

interface HostDevice {
  readonly name: string;
  readonly index: number;
  /** When it is let go of, in milliseconds. */
  deadline?: number;
  timer?: NodeJS.Timeout;
}

export class HostDevices {
  readonly #options: HostDevicesOptions;
  readonly #devices = new Map<string, HostDevice>();
  readonly #confirmed: Set<string>;

  constructor(options: HostDevicesOptions) {
    this.#options = options;
    this.#confirmed = new Set(options.confirmed);
  }

  /** Works on a device from now on. @throws what attaching throws; nothing has changed then. */
  add(name: string): void {
    const { host, attach, patience = PATIENCE } = this.#options;
    using network = Network.open(host);
    const index = network.links.index(name);
    const device: HostDevice = { name, index };
    const needed = isOnlyWay(network, index) && !this.#confirmed.has(name);
    attach({ name, index });
    this.#devices.set(name, device);
    if (!needed) return;
    device.deadline = Date.now() + patience * 1000;
    device.timer = setTimeout(() => this.#release(device), patience * 1000);
  }

  list(): DeviceView[] {
    return [...this.#devices.values()].map(({ name, index, deadline }) => ({
      name,
      index,
      masquerade: this.#options.masquerade,
      ...(deadline !== undefined && { unconfirmed: Math.max(0, Math.ceil((deadline - Date.now()) / 1000)) }),
    }));
  }

  /** @throws WaggleError NOT_FOUND for a device that the agent does not work on (any more). */
  confirm(name: string): void {
    const device = this.#devices.get(name);
    if (!device) {
      throw new WaggleError('NOT_FOUND', `The agent does not work on a device ${name}.`, {
        hint:
          this.#devices.size === 0
            ? 'It works on none'
            : `It works on ${[...this.#devices.keys()].join(', ')}`,
      });
    }
    clearTimeout(device.timer);
    if (device.deadline === undefined) return;
    delete device.deadline;
    this.#confirmed.add(name);
    this.#options.onConfirmed(name, [...this.#confirmed]);
  }

  /** Ends; what is not confirmed by now is let go of. */
  close(): void {
    for (const device of this.#devices.values()) {
      clearTimeout(device.timer);
      if (device.deadline !== undefined) this.#release(device);
    }
  }

  #release(device: HostDevice): void {
    this.#devices.delete(device.name);
    this.#options.detach(device);
    this.#options.onReleased(device.name);
  }
}

/** Whether all default routes that there are go by a device. */
export function isOnlyWay(network: Network, index: number): boolean {
  const ways = network.routes
    .list()
    .filter(({ destination, type }) => EVERYWHERE.includes(destination) && type === 'unicast')
    .flatMap(({ interfaceIndex, nextHops }) =>
      nextHops.length > 0 ? nextHops.map((hop) => hop.interfaceIndex) : [interfaceIndex],
    );
  return ways.length > 0 && ways.every((way) => way === index);
}
