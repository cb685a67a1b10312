/** Models that several parts of the API share. */
import * as z from 'zod';
import { models } from './registry.ts';

/** What is wrong and what to do, in words. */
export const ErrorMessage = z.string().register(models, {
  id: 'Error',
  description: 'What went wrong, and what to do about it.',
});
export type ErrorMessage = z.output<typeof ErrorMessage>;

export const Labels = z.array(z.string()).register(models, {
  id: 'Labels',
  description: 'Labels, each as `source:key=value`, `key=value` or `key`.',
});
export type Labels = z.output<typeof Labels>;

export const ConfigurationMap = z.record(z.string(), z.string()).register(models, {
  id: 'ConfigurationMap',
  description: 'Options by their names.',
});
export type ConfigurationMap = z.output<typeof ConfigurationMap>;

export const Port = z
  .strictObject({
    name: z.string().exactOptional(),
    port: z.int().min(0).max(65_535),
    protocol: z.enum(['TCP', 'UDP', 'SCTP', 'ICMP', 'ICMPV6', 'VRRP', 'IGMP', 'ANY']).exactOptional(),
  })
  .register(models, { id: 'Port', description: 'A port of a protocol, perhaps with a name.' });
export type Port = z.output<typeof Port>;

const number = z.int().min(1).max(65_535);

export const PublishedPort = z
  .strictObject({
    address: z.union([z.ipv4(), z.ipv6()], 'it is no IP address').exactOptional(),
    'host-port': number,
    port: number,
    protocol: z.enum(['TCP', 'UDP']).exactOptional(),
  })
  .register(models, {
    id: 'PublishedPort',
    description:
      "waggle's own: a port of the host's devices (at all their addresses unless one is named) that leads to a port of an endpoint.",
  });
export type PublishedPort = z.output<typeof PublishedPort>;

export const AddressPair = z
  .strictObject({
    ipv4: z.ipv4('it is no IPv4 address').exactOptional(),
    'ipv4-expiration-uuid': z.string().exactOptional(),
    'ipv4-pool-name': z.string().exactOptional(),
    ipv6: z.ipv6('it is no IPv6 address').exactOptional(),
    'ipv6-expiration-uuid': z.string().exactOptional(),
    'ipv6-pool-name': z.string().exactOptional(),
  })
  .register(models, { id: 'AddressPair', description: "An endpoint's addresses." });
export type AddressPair = z.output<typeof AddressPair>;

export const NodeAddressingElement = z
  .object({
    enabled: z.boolean(),
    ip: z.string().exactOptional(),
    'alloc-range': z.string().exactOptional(),
  })
  .register(models, {
    id: 'NodeAddressingElement',
    description: "The host's own address of a family towards its endpoints, and the pool of theirs.",
  });

export const NodeAddressing = z
  .object({ ipv4: NodeAddressingElement.exactOptional(), ipv6: NodeAddressingElement.exactOptional() })
  .register(models, { id: 'NodeAddressing', description: 'Addresses of the host, by family.' });
export type NodeAddressing = z.output<typeof NodeAddressing>;
