/** A device to put programs at, in namespaces that are gone afterwards. */
import { Lab } from '../../../kernel/src/testing/namespaces.ts';
import type { EndpointSpec } from '../endpoint-table.ts';

/** Runs a body in a namespace with a device. @param body gets its index. */
export function withDevice(body: (device: number, lab: Lab) => void): void {
  const lab = new Lab();
  try {
    lab.join();
    const device = lab.host.links.index('veth0');
    lab.hostNamespace.run(() => body(device, lab));
  } finally {
    lab.close();
  }
}

/** An endpoint at a device. */
export const specOf = (device: number, change: Partial<EndpointSpec> = {}): EndpointSpec => ({
  interface: device,
  identity: 300,
  ipv4: '10.0.0.1',
  ipv6: '2001:db8::1',
  mac: '02:00:00:00:00:01',
  ...change,
});

/** Maps that are quickly made. */
export const SMALL = {
  maxConnections: 64,
  maxPolicyEntries: 8,
  maxPeers: 8,
  maxEndpoints: 2,
  maxPolicies: 2,
  maxTranslations: 64,
  maxPublished: 4,
};
