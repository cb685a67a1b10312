/**
 * With which configs most hosts load the programs of endpoints: what is not told otherwise. Code for these is generated when the package
 * is built. What an endpoint has for itself are only numbers in it.
 */
import { fromEndpointConfigs, toEndpointConfigs } from './endpoint-programs.ts';
import { monitoringConfig } from './events/options.ts';

const ANY = { interface: 1, ipv4: '10.92.0.2', ipv6: 'fd77::2', gatewayMac: '02:00:00:00:00:01' };

export const usual = {
  fromEndpoint: [
    fromEndpointConfigs({ ...ANY, identity: 256, mac: '02:00:00:00:00:02' }, monitoringConfig()),
  ],
  toEndpoint: [toEndpointConfigs(monitoringConfig())],
};
