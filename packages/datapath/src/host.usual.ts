/** See endpoint.usual.ts: with masquerading, with a firewall, and with both. */
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
  { masquerade: true, hostFirewall: false },
  { masquerade: false, hostFirewall: true },
  { masquerade: true, hostFirewall: true },
].map((switches) => ({ device: { ...NUMBERS, ...switches }, monitoring: monitoringConfig() }));

export const usual = { fromNetwork: configs, toNetwork: configs };
