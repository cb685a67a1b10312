/** An endpoint, as the agent keeps it: what was asked for, what it got, and how it is doing. */
import { PUBLISHED_PROTOCOLS, type PublishedPort } from '@waggle/datapath';
import { formatLabel, type Label, type NamedPort, PROTOCOLS, parseLabel } from '@waggle/policy';
import * as z from 'zod';
import type { EndpointAddresses } from '../addresses/index.ts';
import type { EndpointState } from '../control.ts';
import type { EndpointDevice } from '../workload/index.ts';
import { EndpointLog } from './endpoint-log.ts';
import { checkTransition } from './endpoint-state.ts';

const port = z.int().min(1).max(65_535);
const publishedPort = z.object({
  protocol: z.enum(Object.keys(PUBLISHED_PROTOCOLS) as (keyof typeof PUBLISHED_PROTOCOLS)[]),
  address: z.string().exactOptional(),
  hostPort: port,
  port,
});
const namedPort = z.object({ name: z.string(), protocol: z.enum(PROTOCOLS), port: z.number() });

/** What the store keeps of an endpoint. */
export const savedEndpoint = z.object({
  id: z.int().min(1).max(65_535),
  name: z.string(),
  labels: z.array(z.string()),
  identity: z.int(),
  ipv4: z.string().optional(),
  ipv6: z.string().optional(),
  mac: z.string(),
  hostMac: z.string(),
  interfaceName: z.string(),
  interfaceIndex: z.int(),
  namespace: z.int(),
  /** Whether the agent made the veth pair, and so removes it. */
  ownsDevice: z.boolean(),
  container: z.object({ id: z.string().optional(), name: z.string().optional() }).optional(),
  namedPorts: z.array(namedPort),
  published: z.array(publishedPort).optional(),
  created: z.string(),
});
export type SavedEndpoint = z.infer<typeof savedEndpoint>;

export class Endpoint {
  readonly id: number;
  readonly name: string;
  readonly addresses: EndpointAddresses;
  readonly namedPorts: readonly NamedPort[];
  readonly published: readonly PublishedPort[];
  readonly container: { readonly id?: string; readonly name?: string } | undefined;
  readonly created: string;
  readonly log = new EndpointLog();
  labels: readonly Label[];
  identity = 0;
  device: EndpointDevice | undefined;
  #state: EndpointState;

  constructor(
    first: 'waiting-for-identity' | 'restoring',
    {
      id,
      name,
      labels,
      addresses,
      namedPorts = [],
      published = [],
      container,
      created = new Date().toISOString(),
    }: {
      readonly id: number;
      readonly name: string;
      readonly labels: readonly Label[];
      readonly addresses: EndpointAddresses;
      readonly namedPorts?: readonly NamedPort[];
      readonly published?: readonly PublishedPort[];
      readonly container?: { readonly id?: string; readonly name?: string };
      readonly created?: string;
    },
  ) {
    this.id = id;
    this.name = name;
    this.labels = labels;
    this.addresses = addresses;
    this.namedPorts = namedPorts;
    this.published = published;
    this.container = container;
    this.created = created;
    this.#state = first;
    this.log.add(first, first === 'restoring' ? 'Found in the saved state' : 'Requested');
  }

  get state(): EndpointState {
    return this.#state;
  }

  /** @throws WaggleError INVALID for a change that cannot be. */
  enter(state: EndpointState, message: string): void {
    checkTransition(this.#state, state);
    this.#state = state;
    this.log.add(state, message);
  }

  /** For the store; undefined while it has no device. */
  save(): SavedEndpoint | undefined {
    const { id, name, identity, device, namedPorts, published, container, created } = this;
    if (!device) return undefined;
    const { ipv4, ipv6 } = this.addresses;
    return {
      id,
      name,
      labels: this.labels.map(formatLabel),
      identity,
      ...(ipv4 !== undefined && { ipv4 }),
      ...(ipv6 !== undefined && { ipv6 }),
      ...device,
      ...(container && { container }),
      namedPorts: [...namedPorts],
      ...(published.length > 0 && { published: [...published] }),
      created,
    };
  }

  /** An endpoint of an earlier run. */
  static restore(saved: SavedEndpoint): Endpoint {
    const { id, name, labels, ipv4, ipv6, namedPorts, published, container, created } = saved;
    const endpoint = new Endpoint('restoring', {
      id,
      name,
      labels: labels.map((label) => parseLabel(label)),
      addresses: { ...(ipv4 !== undefined && { ipv4 }), ...(ipv6 !== undefined && { ipv6 }) },
      namedPorts,
      ...(published && { published }),
      ...(container && {
        container: {
          ...(container.id !== undefined && { id: container.id }),
          ...(container.name !== undefined && { name: container.name }),
        },
      }),
      created,
    });
    const { interfaceName, interfaceIndex, mac, hostMac, namespace, ownsDevice } = saved;
    endpoint.device = { interfaceName, interfaceIndex, mac, hostMac, namespace, ownsDevice };
    return endpoint;
  }
}
