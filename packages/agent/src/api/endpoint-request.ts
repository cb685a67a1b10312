/** What somebody wants of an endpoint, read from the field's shape. */
import { WaggleError } from '@waggle/bpf';
import { formatAddress, parseAddress } from '@waggle/kernel';
import type { NamedPort } from '@waggle/policy';
import type { EndpointRequest, NamespacePlace } from '../control.ts';
import { parseEndpointId } from './endpoint-id.ts';
import type { Port, PublishedPort } from './models/common.ts';
import type { EndpointChangeRequest } from './models/endpoint-request.ts';
import { NAMESPACE_LABEL } from './views/endpoint.ts';

/**
 * Reads a request for a new endpoint.
 *
 * @param id - Of the path: `cilium-local:0`, or what the endpoint is to be found by.
 * @throws {@link WaggleError} MALFORMED for a request that contradicts itself or lacks something.
 */
export function endpointRequest(id: string, body: EndpointChangeRequest): EndpointRequest {
  const byPath = identifiersOfPath(id);
  const name = one('name', [byPath.name, body.name, podName(body)]);
  const containerId = one('container-id', [byPath.containerId, body['container-id'] || undefined]);
  const containerName = one('container-name', [byPath.containerName, body['container-name'] || undefined]);
  const { ipv4, ipv6 } = body.addressing ?? {};
  return {
    ...(name !== undefined && { name }),
    labels: labelsOf(body),
    ...(ipv4 && { ipv4 }),
    ...(ipv6 && { ipv6 }),
    ...(body['named-ports'] && { namedPorts: body['named-ports'].map(namedPort) }),
    ...(body['published-ports'] && { published: body['published-ports'].map(publishedPort) }),
    ...((containerId !== undefined || containerName !== undefined) && {
      container: {
        ...(containerId !== undefined && { id: containerId }),
        ...(containerName !== undefined && { name: containerName }),
      },
    }),
    ...placeOf(body),
  };
}

/** What an endpoint keeps as long as it lives. */
const FIXED = [
  'name',
  'netns',
  'pid',
  'container',
  'named-ports',
  'published-ports',
  'addressing',
  'interface-name',
  'mac',
  'container-id',
  'container-name',
  'k8s-pod-name',
  'k8s-namespace',
] as const;

/** @throws WaggleError MALFORMED for a change of what cannot be changed. */
export function refuseFixedFields(body: EndpointChangeRequest): void {
  const fixed = FIXED.filter((field) => body[field] !== undefined);
  if (fixed.length > 0)
    throw new WaggleError('MALFORMED', `${fixed.join(', ')} of an endpoint cannot be changed`, {
      hint: 'Only its labels can: delete the endpoint and make it anew',
    });
}

interface PathIdentifiers {
  readonly name?: string;
  readonly containerId?: string;
  readonly containerName?: string;
}

function identifiersOfPath(id: string): PathIdentifiers {
  const reference = parseEndpointId(id);
  if ('address' in reference)
    throw new WaggleError('MALFORMED', `An endpoint cannot be made under the id ${id}`, {
      hint: 'Use cilium-local:0, and give the address as addressing.ipv4 or addressing.ipv6',
    });
  if (!('id' in reference)) return reference;
  if (reference.id === 0) return {};
  throw new WaggleError('MALFORMED', `An endpoint cannot be made under the number ${reference.id}`, {
    hint: 'The agent chooses the number: use cilium-local:0, and give the endpoint a name',
  });
}

/** Where the workload is, or the device that leads to it. */
function placeOf(body: EndpointChangeRequest): Pick<EndpointRequest, 'namespace' | 'device'> {
  const { netns, pid, container } = body;
  const places: NamespacePlace[] = [];
  if (netns !== undefined) places.push({ path: netns });
  if (pid !== undefined) places.push({ pid });
  if (container !== undefined) places.push({ container });
  const device = body['interface-name'] || undefined;
  const [namespace] = places;
  // A plugin that has made the device may name the process, too; the device is there already.
  if (device !== undefined && (places.length === 0 || pid !== undefined)) return ofDevice(device, body);
  if (namespace && places.length === 1 && device === undefined) return { namespace };
  throw new WaggleError('MALFORMED', 'An endpoint needs one place to be at', {
    hint: 'Give netns, pid or container for a device that the agent makes, or interface-name and mac of one that is there',
  });
}

function ofDevice(
  name: string,
  { mac, netns, container }: EndpointChangeRequest,
): { device: { name: string; mac: string } } {
  if (netns !== undefined || container !== undefined)
    throw new WaggleError('MALFORMED', `The endpoint has the device ${name}, and cannot get one more`, {
      hint: 'Leave out interface-name, or netns and container',
    });
  if (mac === undefined || mac === '')
    throw new WaggleError(
      'MALFORMED',
      `mac in the body is missing: the address of the other end of ${name}.`,
    );
  return { device: { name, mac } };
}

/** A pod's labels get its namespace: policies of a namespace select by it. */
function labelsOf({ labels = [], 'k8s-namespace': namespace }: EndpointChangeRequest): string[] {
  if (!namespace || labels.some((label) => label.startsWith(NAMESPACE_LABEL))) return labels;
  return [...labels, `${NAMESPACE_LABEL}${namespace}`];
}

function podName(body: EndpointChangeRequest): string | undefined {
  const { 'k8s-namespace': namespace, 'k8s-pod-name': pod } = body;
  return namespace && pod ? `${namespace}/${pod}` : undefined;
}

/** What is said several times must be the same. */
function one(field: string, values: readonly (string | undefined)[]): string | undefined {
  const given = new Set(values.filter((value) => value !== undefined));
  if (given.size > 1)
    throw new WaggleError('MALFORMED', `${field} is ${[...given].join(' and ')}: say it once, or the same.`);
  return [...given][0];
}

const publishedPort = ({ address, 'host-port': hostPort, port, protocol = 'TCP' }: PublishedPort) => ({
  protocol,
  // In one form, so that it is found again.
  ...(address !== undefined && { address: formatAddress(parseAddress(address).bytes) }),
  hostPort,
  port,
});

function namedPort({ name, port, protocol = 'TCP' }: Port): NamedPort {
  if (name === undefined)
    throw new WaggleError('MALFORMED', `The port ${port} among named-ports has no name.`);
  if (port === 0) throw new WaggleError('MALFORMED', `The port ${name} among named-ports has no number.`);
  if (protocol === 'TCP' || protocol === 'UDP' || protocol === 'SCTP') return { name, port, protocol };
  throw new WaggleError('MALFORMED', `The port ${name} among named-ports is of the protocol ${protocol}`, {
    hint: 'Ports with names are of TCP, UDP or SCTP',
  });
}
