/** See endpoint.usual.ts: with masquerading, with a firewall, and with both; and where ports are published. */
import { monitoringConfig } from './events/options.ts';

const NUMBERS = {
  interface: 1,
  ipv4: 1,
  ipv6Word0: 1,
  ipv6Word1: 1,
  ipv6Word2: 1,
  ipv6Word3: 1,
  // What a kernel with the defaults of Linux leaves, see source-ports.ts.
  firstPort: 1024,
  lastPort: 29_999,
};
const configs = [
  { masquerade: true, published: false, hostFirewall: false },
  { masquerade: false, published: false, hostFirewall: true },
  { masquerade: true, published: false, hostFirewall: true },
  { masquerade: true, published: true, hostFirewall: false },
  { masquerade: true, published: true, hostFirewall: true },
].map((switches) => ({ device: { ...NUMBERS, ...switches }, monitoring: monitoringConfig() }));

export const usual = { fromNetwork: configs, toNetwork: configs };
