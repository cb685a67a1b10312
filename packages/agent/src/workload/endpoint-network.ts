/**
 * The network of an endpoint: a veth pair between the host and the endpoint's namespace, with addresses, routes and neighbours at
 * both ends, so that nobody ever has to ask who has which address.
 *
 * Connecting is synchronous (a namespace is held by synchronous code) and as a whole: it takes some milliseconds, and when a step
 * fails the pair is gone again. It may be repeated: what is there already stays, so the same call restores an endpoint.
 *
 * The host's end of a new pair is down, so that no packet passes before there are programs; {@link routeToEndpoint} is the last step.
 */
import { WaggleError } from '@waggle/bpf';
import { hostPrefix, Network, type NetworkLink, type NetworkNamespace, writeSysctl } from '@waggle/kernel';
import { type EndpointAddresses, listAddresses } from '../addresses/index.ts';
import { configureEndpoint } from './endpoint-inside.ts';
import { GATEWAY, type Gateway } from './gateway.ts';

/** The host's ends of pairs that are not admitted yet are devices of this group: `wagh` as a number. */
export const UNFINISHED = 0x77616768;

/** How an endpoint is connected. */
export interface EndpointNetworkSpec {
  readonly host: NetworkNamespace;
  /** The endpoint's own: see open-place.ts. */
  readonly namespace: NetworkNamespace;
  /** Of the host's end: `lxc…`. */
  readonly hostName: string;
  /** Of the endpoint's end; `eth0` by default. */
  readonly containerName?: string;
  readonly addresses: EndpointAddresses;
  readonly gateway?: Gateway;
  /** Bytes; 1500 by default. */
  readonly mtu?: number;
  /** Of the endpoint's end; the kernel's choice by default. */
  readonly mac?: string;
}

/** What came of it. */
export interface EndpointNetwork {
  readonly hostName: string;
  readonly hostIndex: number;
  readonly hostMac: string;
  readonly containerName: string;
  readonly containerIndex: number;
  readonly mac: string;
  /** The inode of the endpoint's namespace. */
  readonly namespace: number;
  /** Whether the pair is new; otherwise it was found, and completed where something was missing. */
  readonly created: boolean;
}

/**
 * Connects an endpoint, or completes the connection that it has.
 * @throws WaggleError EXISTS when one of the names belongs to another device, or the namespace has a default route of its own;
 *   KernelError. The pair is gone then if this call made it.
 */
export function connectEndpoint(spec: EndpointNetworkSpec): EndpointNetwork {
  const { hostName, containerName = 'eth0', gateway = GATEWAY, addresses } = spec;
  using host = Network.open(spec.host);
  using inside = Network.open(spec.namespace);
  const found = findPair(host, inside, hostName, containerName);
  const pair = found ?? createPair(host, inside, spec);
  try {
    configureEndpoint({ namespace: spec.namespace, network: inside, link: pair.inside, addresses, gateway });
  } catch (error) {
    // Those of before stay: they may be in use.
    if (found === undefined) host.links.delete(hostName);
    throw error;
  }
  return {
    hostName,
    hostIndex: pair.host.index,
    hostMac: pair.host.mac ?? '',
    containerName,
    containerIndex: pair.inside.index,
    mac: pair.inside.mac ?? '',
    namespace: spec.namespace.inode,
    created: found === undefined,
  };
}

interface Pair {
  readonly host: NetworkLink;
  readonly inside: NetworkLink;
}

function createPair(host: Network, inside: Network, spec: EndpointNetworkSpec): Pair {
  const { hostName, containerName = 'eth0', gateway = GATEWAY, mtu = 1500, mac } = spec;
  const near = host.links.create({
    kind: 'veth',
    name: hostName,
    mac: gateway.mac,
    mtu,
    group: UNFINISHED,
    peer: { name: containerName, namespace: spec.namespace, mtu, ...(mac === undefined ? {} : { mac }) },
  });
  return { host: near, inside: inside.links.get(containerName) };
}

/** The pair of these names, if it is one. */
function findPair(host: Network, inside: Network, hostName: string, containerName: string): Pair | undefined {
  const near = find(host, hostName);
  const far = find(inside, containerName);
  if (near === undefined && far === undefined) return undefined;
  const joined = near?.kind === 'veth' && near.linkIndex === far?.index && far?.linkIndex === near.index;
  if (near !== undefined && far !== undefined && joined) return { host: near, inside: far };
  const [name, place] =
    near === undefined ? [containerName, "the endpoint's namespace"] : [hostName, 'the host'];
  throw new WaggleError('EXISTS', `${place} has a device "${name}" already, which is not of this endpoint`, {
    hint:
      near === undefined
        ? 'A container that is to be an endpoint is started without a network of its own (docker run --network none)'
        : 'Remove that device, or the endpoint that it belongs to',
  });
}

function find(network: Network, name: string): NetworkLink | undefined {
  try {
    return network.links.get(name);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The host's end of a pair, and what is behind it. */
export interface HostSide {
  readonly host: NetworkNamespace;
  /** Of the host. */
  readonly network: Network;
  readonly name: string;
  readonly index: number;
  /** Of the endpoint's end. */
  readonly mac: string;
  readonly addresses: EndpointAddresses;
}

/** The host's side: what is for the endpoint goes to its pair, and what comes from there may go on. It may be repeated. */
export function routeToEndpoint({ host, network, name, index, mac, addresses }: HostSide): void {
  host.run(() => {
    if (addresses.ipv4 !== undefined) {
      // Per device: the host does not become a router between its other networks.
      writeSysctl(`net/ipv4/conf/${name}/forwarding`, 1);
      writeSysctl(`net/ipv4/conf/${name}/rp_filter`, 0);
    }
    // No address of its own on this end: the gateway's is answered for by the datapath.
    if (addresses.ipv6 !== undefined) writeSysctl(`net/ipv6/conf/${name}/addr_gen_mode`, 1);
  });
  network.links.set(index, { up: true });
  for (const address of listAddresses(addresses)) {
    network.neighbours.replace({ device: index, address, mac });
    network.routes.replace({ destination: hostPrefix(address), device: index });
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof WaggleError && error.code === 'NOT_FOUND';
}
