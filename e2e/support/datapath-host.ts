/**
 * A process that has a datapath in its hands, until it is killed. It says what it found and how long that took, adds the endpoints
 * of its argument, and then changes policies and replaces programs without pause.
 */
import type { EndpointSpec, PolicyUpdate } from '@waggle/datapath';

await import('@waggle/compiler/register');
const { Datapath } = await import('@waggle/datapath');

/** What it is to do. */
export interface HostWork {
  readonly pins: string;
  readonly endpoints: readonly EndpointSpec[];
  /** Versions of policies, one after the other. */
  readonly versions: readonly (readonly PolicyUpdate[])[];
}

/** What it found. */
export interface HostFound {
  readonly milliseconds: number;
  readonly devices: readonly number[];
  readonly connections: number;
}

const { pins, endpoints, versions }: HostWork = JSON.parse(process.argv[2] ?? '');
const start = performance.now();
const datapath = Datapath.open({ pins });
const devices = datapath.endpoints().map(({ device }) => device);
const milliseconds = performance.now() - start;
const found: HostFound = { milliseconds, devices, connections: [...datapath.connections()].length };
for (const endpoint of endpoints) datapath.addEndpoint(endpoint);
console.log(JSON.stringify(found));

let turn = 0;
setInterval(() => {
  turn += 1;
  const policies = versions[turn % versions.length];
  if (policies) datapath.apply({ policies });
  const endpoint = endpoints[turn % endpoints.length];
  if (endpoint) datapath.addEndpoint(endpoint);
}, 5);
