/** What is known of an endpoint when its programs are loaded, and is part of their code from then on. */
import { be16, be32, type bool, config, type Infer, struct, u32 } from '@waggle/bpf';
import type { Address } from './addresses.bpf.ts';

export const endpoint = config({
  /** The host's end of its pair. */
  interface: u32,
  ipv4: be32,
  /** Its IPv6 address, in words. */
  ipv6Word0: be32,
  ipv6Word1: be32,
  ipv6Word2: be32,
  ipv6Word3: be32,
  /** The MAC address that it takes for its gateway's, in two parts. */
  gatewayHigh: be32,
  gatewayLow: be16,
});

/** A MAC address in two parts, as configs have it. */
export const Mac = struct('mac', { high: be32, low: be16 }, { packed: true });
/** Where a frame has the one that it comes from. */
export const SOURCE_MAC = 6;

/** Whether an address is the endpoint's. */
export function isOwnIpv6(address: Infer<typeof Address>): bool {
  return (
    address[0] === endpoint.ipv6Word0 &&
    address[1] === endpoint.ipv6Word1 &&
    address[2] === endpoint.ipv6Word2 &&
    address[3] === endpoint.ipv6Word3
  );
}
