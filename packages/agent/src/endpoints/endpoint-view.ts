/** An endpoint as those see it who ask for it. */
import { formatLabel } from '@waggle/policy';
import type { EndpointView } from '../control.ts';
import type { Endpoint } from './endpoint.ts';
import type { EndpointsOptions } from './endpoint-parts.ts';

/** With what is known of its identity, and in force for it, at this moment. */
export function endpointView(
  endpoint: Endpoint,
  { identities, enforcer, labelFilter }: Pick<EndpointsOptions, 'identities' | 'enforcer' | 'labelFilter'>,
): EndpointView {
  const { id, name, state, identity, labels, addresses, device, container, namedPorts, published, created } =
    endpoint;
  const known = identities.find(identity);
  return {
    id,
    name,
    state,
    ...(known && { identity: { id: identity, labels: known.labels.map(formatLabel) } }),
    labels: labels.map(formatLabel),
    informationLabels: labelFilter.split([...labels]).information.map(formatLabel),
    ...addresses,
    mac: device?.mac ?? '',
    hostMac: device?.hostMac ?? '',
    interfaceName: device?.interfaceName ?? '',
    interfaceIndex: device?.interfaceIndex ?? 0,
    namespace: device?.namespace ?? 0,
    ...(container && { container }),
    namedPorts,
    published,
    created,
    policy: enforcer.realised(identity),
  };
}
