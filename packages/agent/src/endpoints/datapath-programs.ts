/** The datapath as that which an endpoint's programs come from. */
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Datapath } from '@waggle/datapath';
import type { NetworkNamespace } from '@waggle/kernel';
import type { EndpointPrograms } from './endpoint-parts.ts';

/** Milliseconds for others before the kernel lets this thread wait: enough for what goes to disk to get to where the disk is waited for. */
const TURN = 1;

/** @param host - Where the devices of endpoints are. */
export function programsOf(datapath: Datapath, host: NetworkNamespace): EndpointPrograms {
  const inHost = <T>(work: () => T) => host.run(() => ({ result: work() })).result;
  return {
    addEndpoint: (spec) => inHost(() => datapath.addEndpoint(spec)),
    addEndpointInTurns: async (spec) => {
      const steps = datapath.addingEndpoint(spec);
      while (!inHost(() => steps.next().done)) {
        // After a step the clock of timers is late by what it took.
        await setImmediate();
        await setTimeout(TURN);
      }
    },
    updateEndpoint: (device, change) => datapath.updateEndpoint(device, change),
    publish: (device, ports) => inHost(() => datapath.publish(device, ports)),
    removeEndpoint: (device) => inHost(() => datapath.removeEndpoint(device)),
  };
}
