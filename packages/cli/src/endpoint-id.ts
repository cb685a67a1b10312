/** How a user names an endpoint, and how the API does. */
import { isIP } from 'node:net';
import type { EndpointId } from '@waggle/agent/client';

const PREFIX =
  /^(cilium-local|container-id|container-name|pod-name|cep-name|cni-attachment-id|ipv4|ipv6|name):/;

/** The API's id for a number, an address, an id with a prefix, or else a name. */
export function endpointId(text: string): EndpointId {
  if (/^\d+$/.test(text)) return Number(text);
  const family = isIP(text);
  if (family !== 0) return `ipv${family}:${text}`;
  return PREFIX.test(text) ? text : `name:${text}`;
}
