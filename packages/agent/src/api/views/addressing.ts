/** The host's pools in the field's shape. */
import type { AddressControl } from '../../control.ts';
import type { NodeAddressing } from '../models/common.ts';

/** The pools, and the host's address in each: the endpoints' gateway. */
export function nodeAddressing({ ipv4, ipv6 }: AddressControl['pools']): NodeAddressing {
  return {
    ...(ipv4 && { ipv4: { enabled: true, ip: ipv4.gateway, 'alloc-range': ipv4.cidr } }),
    ...(ipv6 && { ipv6: { enabled: true, ip: ipv6.gateway, 'alloc-range': ipv6.cidr } }),
  };
}
