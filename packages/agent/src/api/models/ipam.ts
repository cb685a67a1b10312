/** Models of address management. */
import * as z from 'zod';
import { AddressPair, NodeAddressing } from './common.ts';
import { models } from './registry.ts';

export const IPAMAddressResponse = z
  .object({ ip: z.string(), gateway: z.string(), cidrs: z.array(z.string()) })
  .register(models, { id: 'IPAMAddressResponse', description: 'An address, its gateway, and its pool.' });

export const IPAMResponse = z
  .object({
    address: AddressPair,
    ipv4: IPAMAddressResponse.exactOptional(),
    ipv6: IPAMAddressResponse.exactOptional(),
    'host-addressing': NodeAddressing,
  })
  .register(models, { id: 'IPAMResponse', description: 'Addresses that were given out.' });
export type IPAMResponse = z.output<typeof IPAMResponse>;
