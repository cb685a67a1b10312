/** The endpoints of a host, found by what people call them; numbers are given in turn, so that an old one is not soon another's. */
import { WaggleError } from '@waggle/bpf';
import { isSamePort, type PublishedPort, publishedPortText } from '@waggle/datapath';
import { hasLabels, parseLabel } from '@waggle/policy';
import type { EndpointReference } from '../control.ts';
import type { Endpoint } from './endpoint.ts';

const LAST_ID = 65_535;

export class EndpointTable implements Iterable<Endpoint> {
  readonly #endpoints = new Map<number, Endpoint>();
  next: number;

  /** @param next - The number to begin with. */
  constructor(next = 1) {
    this.next = next;
  }

  [Symbol.iterator](): IterableIterator<Endpoint> {
    return this.#endpoints.values();
  }

  get size(): number {
    return this.#endpoints.size;
  }

  /** A number that no endpoint has. @throws WaggleError FULL */
  takeId(): number {
    for (let tried = 0; tried < LAST_ID; tried++) {
      const id = this.next;
      this.next = id === LAST_ID ? 1 : id + 1;
      if (!this.#endpoints.has(id)) return id;
    }
    throw new WaggleError('FULL', `This host has ${LAST_ID} endpoints, and cannot have more.`);
  }

  /** @throws WaggleError EXISTS when the name is taken. */
  checkName(name: string): void {
    const taken = this.find({ name });
    if (!taken) return;
    throw new WaggleError('EXISTS', `There is already an endpoint ${name} (number ${taken.id}).`, {
      hint: 'Choose another name, or remove it with waggle endpoint delete',
    });
  }

  /** @throws WaggleError EXISTS when another endpoint has published one of these ports; MALFORMED when two are the same. */
  checkPublished(ports: readonly PublishedPort[]): void {
    for (const [index, port] of ports.entries()) {
      const text = publishedPortText(port);
      if (ports.slice(0, index).some((other) => isSamePort(other, port))) {
        throw new WaggleError('MALFORMED', `${text} would be published twice.`);
      }
      const taken = [...this].find(({ published }) => published.some((other) => isSamePort(other, port)));
      if (!taken) continue;
      throw new WaggleError('EXISTS', `${text} is published by the endpoint ${taken.name} already.`, {
        hint: 'Choose another port or address, or remove that endpoint',
      });
    }
  }

  /** @throws WaggleError EXISTS when its name is taken. */
  add(endpoint: Endpoint): void {
    this.checkName(endpoint.name);
    this.#endpoints.set(endpoint.id, endpoint);
  }

  remove(endpoint: Endpoint): void {
    this.#endpoints.delete(endpoint.id);
  }

  find(reference: EndpointReference): Endpoint | undefined {
    if ('id' in reference) return this.#endpoints.get(reference.id);
    return [...this].find((endpoint) => isMeant(endpoint, reference));
  }

  /** @throws WaggleError NOT_FOUND */
  get(reference: EndpointReference): Endpoint {
    const found = this.find(reference);
    if (found) return found;
    const [[what, value] = []] = Object.entries(reference);
    const called = what === 'id' ? 'number' : what?.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
    throw new WaggleError('NOT_FOUND', `There is no endpoint with the ${called} ${value}.`, {
      hint: 'waggle endpoint list shows those that are there',
    });
  }

  /** Those that have all these labels; a label without a source is found with every source. */
  labelled(texts: readonly string[]): Endpoint[] {
    const wanted = texts.map((text) => parseLabel(text));
    return [...this].filter(({ labels }) => hasLabels(labels, wanted)).sort((a, b) => a.id - b.id);
  }
}

function isMeant(
  { name, addresses, container }: Endpoint,
  reference: Exclude<EndpointReference, { readonly id: number }>,
): boolean {
  if ('name' in reference) return name === reference.name;
  if ('address' in reference) {
    return addresses.ipv4 === reference.address || addresses.ipv6 === reference.address;
  }
  if ('containerId' in reference) return container?.id === reference.containerId;
  return container?.name === reference.containerName;
}
