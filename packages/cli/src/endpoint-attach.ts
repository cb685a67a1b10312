/** `waggle endpoint attach` and `detach`: a network namespace that is there becomes an endpoint, or is one no longer. */
import { type Command, InvalidArgumentError } from 'commander';
import type { ClientOptions } from './client-options.ts';
import type { Context } from './context.ts';
import type { AttachOptions } from './endpoint-attach-actions.ts';
import { addAsking } from './group.ts';
import { addWorkloadOptions } from './workload-options.ts';

const HELP = `
The namespace gets a device eth0 and a default route, and must have neither: start a container
without a network of its own (docker run --network none). When the namespace ends, so does the
endpoint.`;

const actions = () => import('./endpoint-attach-actions.ts');

/** Adds the commands to `waggle endpoint`. */
export function addEndpointAttach(endpoint: Command, context: Context): void {
  const attach = addAsking(
    endpoint,
    'attach',
    'make an endpoint of a network namespace that is there',
    ['waggle endpoint attach --netns lab --name lab -l app=web'],
    ['waggle endpoint attach --container 4f66ad9a0b2e -l app=web'],
    ['waggle endpoint attach --pid 4711 --ip 10.92.0.7'],
  )
    .option('--pid <pid>', 'the namespace of a process', parsePid)
    .option('--netns <path>', 'a namespace by its path, or by its name of ip netns')
    .option('--container <id>', 'the namespace of a container: its id, or 12 digits of it')
    .addHelpText('after', HELP);
  addWorkloadOptions(attach).action(async (options: AttachOptions) =>
    (await actions()).attach(options, context),
  );
  addAsking(
    endpoint,
    'detach <endpoint...>',
    'take the network of endpoints away; what runs in them goes on',
    ['waggle endpoint detach lab'],
  ).action(async (names: string[], options: ClientOptions) =>
    (await actions()).detach(names, options, context),
  );
}

function parsePid(text: string): number {
  const pid = Number(text);
  if (Number.isInteger(pid) && pid >= 1) return pid;
  throw new InvalidArgumentError('A process id is a whole number from 1.');
}
