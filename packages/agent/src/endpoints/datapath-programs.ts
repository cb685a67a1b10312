/** The datapath as that which an endpoint's programs come from. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Datapath } from '@waggle/datapath';
import type { NetworkNamespace } from '@waggle/kernel';
import type { EndpointPrograms } from './endpoint-parts.ts';

/** @param host - Where the devices of endpoints are. */
export function programsOf(datapath: Datapath, host: NetworkNamespace): EndpointPrograms {
  const inHost = <T>(work: () => T) => host.run(() => ({ result: work() })).result;
  return {
    addEndpoint: (spec) => inHost(() => datapath.addEndpoint(spec)),
    addEndpointInTurns: async (spec) => {
      const steps = datapath.addingEndpoint(spec);
      while (!inHost(() => steps.next().done)) await nextTurn();
    },
    updateEndpoint: (device, change) => datapath.updateEndpoint(device, change),
    removeEndpoint: (device) => inHost(() => datapath.removeEndpoint(device)),
  };
}
