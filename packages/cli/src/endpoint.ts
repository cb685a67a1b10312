/**
 * `waggle endpoint`: the workloads of this host that policies apply to. What the commands take is here; what they do is in
 * endpoint-actions.ts.
 */
import type { Command } from 'commander';
import type { ClientOptions } from './client-options.ts';
import type { Context } from './context.ts';
import type { EndpointLabelOptions, EndpointListOptions } from './endpoint-actions.ts';
import { addEndpointAttach } from './endpoint-attach.ts';
import type { Example } from './examples.ts';
import { addAsking, addGroup, collect } from './group.ts';

const HELP = `
An endpoint is named by its name or its number, by one of its addresses, or by its container:
container-id:ID, container-name:NAME.

Examples:
  waggle endpoint list -l app=web
  waggle endpoint get web-1
  waggle endpoint labels web-1 --add canary=yes`;

const HEALTH_HELP = `
Exit codes: 0 all is well, 1 something is not, 2 wrong usage.`;

const actions = () => import('./endpoint-actions.ts');

/** Adds the commands. */
export function addEndpoint(program: Command, context: Context): void {
  const endpoint = addGroup(
    program,
    'endpoint',
    'list and change endpoints: the workloads that policies apply to',
  ).addHelpText('after', HELP);
  const add = (usage: string, description: string, ...examples: readonly Example[]): Command =>
    addAsking(endpoint, usage, description, ...examples);

  add('list', 'list endpoints', ['waggle endpoint list'], ['waggle endpoint list -l app=web -l role=front'])
    .option('-l, --label <label>', 'only those that have this label; may be given again', collect)
    .action(async (options: EndpointListOptions) => (await actions()).list(options, context));
  add(
    'get <endpoint>',
    'show all about an endpoint',
    ['waggle endpoint get web-1'],
    ['waggle endpoint get 10.1.0.7 -o yaml'],
  ).action(async (name: string, options: ClientOptions) => (await actions()).get(name, options, context));
  add('log <endpoint>', 'show what happened to an endpoint, oldest first', [
    'waggle endpoint log web-1',
  ]).action(async (name: string, options: ClientOptions) => (await actions()).log(name, options, context));
  add(
    'labels <endpoint>',
    'show the labels of an endpoint, or change them',
    ['waggle endpoint labels web-1'],
    ['waggle endpoint labels web-1 -a canary=yes -d version'],
  )
    .option('-a, --add <label>', 'add a label, or give it another value; may be given again', collect)
    .option('-d, --delete <label>', 'delete a label, by its key or in full; may be given again', collect)
    .action(async (name: string, options: EndpointLabelOptions) =>
      (await actions()).labels(name, options, context),
    );
  add('health <endpoint>', 'say whether an endpoint and its parts are well', ['waggle endpoint health web-1'])
    .addHelpText('after', HEALTH_HELP)
    .action(async (name: string, options: ClientOptions) => (await actions()).health(name, options, context));
  add('regenerate <endpoint>', 'compute and write the policy of an endpoint anew', [
    'waggle endpoint regenerate web-1',
  ]).action(async (name: string, options: ClientOptions) =>
    (await actions()).regenerate(name, options, context),
  );
  add('delete <endpoint...>', 'delete endpoints: their devices go, and their addresses are given back', [
    'waggle endpoint delete web-1 web-2',
  ]).action(async (names: string[], options: ClientOptions) =>
    (await actions()).remove(names, options, context),
  );
  addEndpointAttach(endpoint, context);
}
