/** `waggle hubble`: how a server of flows is, and what it knows of. Commands that ask such a server share its options. */
import { type Command, Option } from 'commander';
import type { Context } from './context.ts';
import { parseDuration } from './duration.ts';
import { addExamples, type Example } from './examples.ts';
import { addGroup } from './group.ts';
import type { HubbleOptions } from './hubble-actions.ts';
import { outputOption } from './print.ts';

const actions = () => import('./hubble-actions.ts');

/** Adds the options that say which server is asked, and how. */
export const addServerOptions = (command: Command): Command =>
  command
    .option('--server <address>', 'unix:PATH, HOST:PORT or tls://HOST:PORT (default: $HUBBLE_SERVER)')
    .option('--tls', 'speak TLS')
    .option('--tls-ca-cert-files <file>', 'the authority of its certificate')
    .option('--tls-client-cert-file <file>', 'a certificate of ours, where the server wants one')
    .option('--tls-client-key-file <file>', 'its key')
    .option('--tls-server-name <name>', 'the name in its certificate, where it is not the host')
    .option('--tls-allow-insecure', 'take any certificate')
    .addOption(
      new Option('--timeout <time>', 'how long to wait for a connection (default: 5s)').argParser(
        parseDuration,
      ),
    );

/** Adds the group. */
export function addHubble(program: Command, context: Context): void {
  const group = addGroup(program, 'hubble', 'ask a server of flows, of waggle or another, how it is');
  addExamples(group, ['waggle hubble status'], ['waggle hubble nodes --server relay.example:4245 --tls']);
  const add = (
    name: string,
    description: string,
    action: 'status' | 'nodes' | 'namespaces',
    ...examples: Example[]
  ) =>
    addExamples(
      addServerOptions(group.command(name).description(description)).addOption(outputOption()),
      ...examples,
    ).action(async (options: HubbleOptions) => (await actions())[action](options, context));
  add('status', 'show whether it serves, and how many flows it has', 'status', ['waggle hubble status']);
  add('nodes', 'list the nodes of which it has flows', 'nodes', ['waggle hubble nodes -o json']);
  add('namespaces', 'list the namespaces that had flows in the last hour', 'namespaces', [
    'waggle hubble namespaces',
  ]);
}
