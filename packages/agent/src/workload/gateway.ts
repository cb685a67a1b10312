/**
 * The host, as endpoints see it: the same addresses and the same MAC address on every pair, none of them of anybody's network. So an
 * endpoint needs to be told nothing about the host, and keeps its routes wherever its pair ends.
 */
import { GATEWAY_MAC } from '@waggle/datapath';

export interface Gateway {
  readonly ipv4: string;
  readonly ipv6: string;
  readonly mac: string;
}

export const GATEWAY: Gateway = { ipv4: '169.254.1.1', ipv6: 'fe80::1', mac: GATEWAY_MAC };
