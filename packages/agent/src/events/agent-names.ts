/**
 * Names for the numbers in events, as the parts of the agent know them. They are remembered for a second: events come by the
 * thousand, and what is known changes seldom.
 */
import { formatLabel, formatReference, type Identity, type PolicyRepository, ruleName } from '@waggle/policy';
import { type EndpointAddresses, listAddresses } from '../addresses/index.ts';
import type { EventNames, NamedEndpoint } from './monitor-event.ts';

/** Where names come from. */
export interface NameSources {
  readonly endpoints: () => Iterable<
    NamedEndpoint & {
      readonly addresses: EndpointAddresses;
      readonly device: { readonly interfaceName: string; readonly interfaceIndex: number } | undefined;
    }
  >;
  readonly devices: () => Iterable<{ readonly name: string; readonly index: number }>;
  readonly identity: (id: number) => Pick<Identity, 'labels'> | undefined;
  readonly repository: () => Pick<PolicyRepository, 'ruleOf'>;
}

/** Milliseconds. */
const REMEMBERED = 1000;

export class AgentNames implements EventNames {
  readonly #sources: NameSources;
  readonly #now: () => number;
  #asked = Number.NEGATIVE_INFINITY;
  /** By device. What belongs to an endpoint that is gone stays until somebody else has it: events may be late. */
  readonly #endpoints = new Map<number, NamedEndpoint>();
  readonly #addresses = new Map<string, NamedEndpoint>();
  readonly #devices = new Map<number, string>();
  #labels = new Map<number, readonly string[] | undefined>();
  #rules = new Map<number, string | undefined>();

  /** @param now - Milliseconds. */
  constructor(sources: NameSources, now: () => number = performance.now.bind(performance)) {
    this.#sources = sources;
    this.#now = now;
  }

  endpointAt(device: number): NamedEndpoint | undefined {
    this.#refresh();
    return this.#endpoints.get(device);
  }

  endpointOf(address: string): NamedEndpoint | undefined {
    this.#refresh();
    return this.#addresses.get(address);
  }

  deviceAt(index: number): string | undefined {
    this.#refresh();
    return this.#devices.get(index);
  }

  labelsOf(identity: number): readonly string[] | undefined {
    this.#refresh();
    if (!this.#labels.has(identity)) {
      this.#labels.set(identity, this.#sources.identity(identity)?.labels.map(formatLabel));
    }
    return this.#labels.get(identity);
  }

  ruleOf(cookie: number): string | undefined {
    this.#refresh();
    if (!this.#rules.has(cookie)) this.#rules.set(cookie, this.#nameOf(cookie));
    return this.#rules.get(cookie);
  }

  #nameOf(cookie: number): string | undefined {
    const owner = this.#sources.repository().ruleOf(cookie);
    return owner && formatReference({ name: ruleName(owner.rule), place: owner.rule.origin });
  }

  #refresh(): void {
    const now = this.#now();
    if (now - this.#asked < REMEMBERED) return;
    this.#asked = now;
    for (const { id, name, device, addresses } of this.#sources.endpoints()) {
      for (const address of listAddresses(addresses)) this.#addresses.set(address, { id, name });
      if (!device) continue;
      this.#endpoints.set(device.interfaceIndex, { id, name });
      this.#devices.set(device.interfaceIndex, device.interfaceName);
    }
    for (const { name, index } of this.#sources.devices()) this.#devices.set(index, name);
    this.#labels = new Map();
    this.#rules = new Map();
  }
}
