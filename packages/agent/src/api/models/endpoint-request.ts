/**
 * What is asked for endpoints. All fields of the field's requests are known, so that its plugins are understood and a misspelt
 * one is found; those that mean nothing here are read and left.
 */
import * as z from 'zod';
import { AddressPair, Labels, Port, PublishedPort } from './common.ts';
import { EndpointState } from './endpoint.ts';
import { models } from './registry.ts';

const Text = z.string().min(1);
const Unused = z.unknown().exactOptional();

export const EndpointChangeRequest = z
  .strictObject({
    'container-id': z.string().exactOptional(),
    'container-name': z.string().exactOptional(),
    'k8s-pod-name': z.string().exactOptional(),
    'k8s-namespace': z.string().exactOptional(),
    labels: Labels.exactOptional(),
    'interface-name': z.string().exactOptional(),
    mac: z
      .string()
      .regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i, 'it is no MAC address')
      .exactOptional(),
    addressing: AddressPair.exactOptional(),
    state: EndpointState.exactOptional(),

    name: Text.exactOptional().describe("waggle's own: the endpoint's name, unique on this host"),
    netns: Text.exactOptional().describe(
      "waggle's own: the path of the network namespace to put a device into",
    ),
    pid: z.int().min(1).exactOptional().describe('The process whose network namespace a device is put into'),
    container: Text.exactOptional().describe(
      "waggle's own: the id of the container whose network namespace a device is put into",
    ),
    'named-ports': z.array(Port).exactOptional().describe("waggle's own: what policies may call its ports"),
    'published-ports': z
      .array(PublishedPort)
      .exactOptional()
      .describe("waggle's own: ports of the host's devices that lead to it"),

    id: Unused,
    'host-mac': Unused,
    'interface-index': Unused,
    'container-interface-name': Unused,
    'container-netns-path': Unused,
    'parent-interface-index': Unused,
    'parent-interface-name': Unused,
    'netns-cookie': Unused,
    'k8s-uid': Unused,
    'docker-endpoint-id': Unused,
    'docker-network-id': Unused,
    'datapath-map-id': Unused,
    'datapath-configuration': Unused,
    'disable-legacy-identifiers': Unused,
    'policy-enabled': Unused,
    'sync-build-endpoint': Unused,
    properties: Unused,
  })
  .register(models, {
    id: 'EndpointChangeRequest',
    description:
      'An endpoint that somebody wants: with a device that a plugin has made (`interface-name` and `mac`), or with one that the agent makes into a network namespace (`netns`, `pid` or `container`).',
  });
export type EndpointChangeRequest = z.output<typeof EndpointChangeRequest>;

export const EndpointBatchDeleteRequest = z
  .strictObject({ 'container-id': Text })
  .register(models, { id: 'EndpointBatchDeleteRequest', description: 'All endpoints of a container.' });
export type EndpointBatchDeleteRequest = z.output<typeof EndpointBatchDeleteRequest>;
