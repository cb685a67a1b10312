/**
 * What the numbers in records stand for, and since when. The agent tells what changes (a {@link NameChange}), stamped with the clock of
 * the records; lookups are for the moment of a record. So a flow shows the labels, the endpoint and the rule of its own time.
 */
import { CLUSTER_KEY, type Label, NAMESPACE_KEY, parseLabel } from '@waggle/policy';
import type { FlowPolicy } from '../flow.ts';
import { History } from './history.ts';

/** An endpoint of this host. */
export interface EndpointName {
  readonly id: number;
  readonly name: string;
  readonly identity: number;
  readonly addresses: readonly string[];
  /** The host's end of its pair. */
  readonly device?: { readonly index: number; readonly name: string };
}

/** A rule, and the direction that it is about. */
export interface RuleName {
  readonly policy: FlowPolicy;
  readonly direction: 'ingress' | 'egress';
}

/** The labels of an identity, and what they say. */
export interface IdentityName {
  /** Sorted. */
  readonly texts: readonly string[];
  readonly labels: readonly Label[];
  readonly namespace?: string;
  readonly cluster?: string;
}

/** What has changed; null for what is no more. Plain data, for another thread. */
export type NameChange =
  | { readonly table: 'identity'; readonly key: number; readonly value: readonly string[] | null }
  | { readonly table: 'endpoint'; readonly key: number; readonly value: EndpointName | null }
  | { readonly table: 'device'; readonly key: number; readonly value: string | null }
  | { readonly table: 'rule'; readonly key: number; readonly value: RuleName | null };

export class Names {
  readonly #labels = new History<number, IdentityName>();
  readonly #endpoints = new Map<number, EndpointName>();
  readonly #byDevice = new History<number, EndpointName>();
  readonly #byAddress = new History<string, EndpointName>();
  readonly #devices = new History<number, string>();
  readonly #rules = new History<number, RuleName>();
  #version = 0;

  /** Grows with each change: what was derived from names is stale then. */
  get version(): number {
    return this.#version;
  }

  /** @param at - Nanoseconds of the monotonic clock. */
  apply(changes: Iterable<NameChange>, at: number): void {
    for (const change of changes) this.#apply(change, at);
    this.#version++;
  }

  labelsOf(identity: number, time: number): IdentityName | undefined {
    return this.#labels.at(identity, time);
  }

  endpointOf(address: string, time: number): EndpointName | undefined {
    return this.#byAddress.at(address, time);
  }

  /** The endpoint whose pair has this device as the host's end. */
  endpointAt(device: number, time: number): EndpointName | undefined {
    return this.#byDevice.at(device, time);
  }

  deviceName(index: number, time: number): string | undefined {
    return this.#devices.at(index, time) ?? this.#byDevice.at(index, time)?.device?.name;
  }

  ruleOf(cookie: number, time: number): RuleName | undefined {
    return cookie === 0 ? undefined : this.#rules.at(cookie, time);
  }

  /** All labels that an identity ever had, and all endpoints that an address ever had, as far as that is remembered. */
  everLabelsOf(identity: number): readonly IdentityName[] {
    return this.#labels.ever(identity);
  }

  everEndpointsOf(address: string): readonly EndpointName[] {
    return this.#byAddress.ever(address);
  }

  /** Forgets what ended before any flow that is stored. */
  forgetBefore(time: number): void {
    for (const table of [this.#labels, this.#byDevice, this.#byAddress, this.#devices, this.#rules]) {
      table.forgetBefore(time);
    }
  }

  #apply(change: NameChange, at: number): void {
    const { table, key, value } = change;
    if (table === 'endpoint') this.#setEndpoint(key, value, at);
    else if (table === 'identity') put(this.#labels, key, value && identityName(value), at);
    else if (table === 'device') put(this.#devices, key, value, at);
    else put(this.#rules, key, value, at);
  }

  #setEndpoint(id: number, value: EndpointName | null, at: number): void {
    const before = this.#endpoints.get(id);
    for (const address of before?.addresses ?? []) {
      if (!value?.addresses.includes(address)) this.#endIfOf(this.#byAddress, address, id, at);
    }
    const device = before?.device?.index;
    if (device !== undefined && device !== value?.device?.index) {
      this.#endIfOf(this.#byDevice, device, id, at);
    }
    if (!value) {
      this.#endpoints.delete(id);
      return;
    }
    this.#endpoints.set(id, value);
    for (const address of value.addresses) this.#byAddress.set(address, value, at);
    if (value.device) this.#byDevice.set(value.device.index, value, at);
  }

  /** Another endpoint may have the key by now. */
  #endIfOf<Key>(history: History<Key, EndpointName>, key: Key, id: number, at: number): void {
    if (history.current(key)?.id === id) history.end(key, at);
  }
}

function put<Value>(history: History<number, Value>, key: number, value: Value | null, at: number): void {
  if (value === null) history.end(key, at);
  else history.set(key, value, at);
}

function identityName(texts: readonly string[]): IdentityName {
  const labels = texts.map((text) => parseLabel(text));
  const labelOf = (wanted: string) => labels.find(({ key }) => key === wanted)?.value;
  const [namespace, cluster] = [labelOf(NAMESPACE_KEY), labelOf(CLUSTER_KEY)];
  return {
    texts: [...texts].sort(),
    labels,
    ...(namespace !== undefined && { namespace }),
    ...(cluster !== undefined && { cluster }),
  };
}
