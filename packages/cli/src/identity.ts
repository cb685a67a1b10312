/** `waggle identity` and `waggle ip`: the numbers that sets of labels have, and the addresses that stand for them. */
import type { Command } from 'commander';
import type { ClientOptions } from './client-options.ts';
import type { Context } from './context.ts';
import { addExamples } from './examples.ts';
import { addAsking, addGroup, collect } from './group.ts';
import type { IdentityListOptions } from './identity-actions.ts';

const actions = () => import('./identity-actions.ts');

/** Adds the commands. */
export function addIdentity(program: Command, context: Context): void {
  const identity = addExamples(
    addGroup(program, 'identity', 'list identities: the numbers that sets of labels have'),
    ['waggle identity list'],
    ['waggle identity get 1234'],
  );
  addAsking(
    identity,
    'list',
    'list identities',
    ['waggle identity list'],
    ['waggle identity list --endpoints', 'only those that endpoints of this host have'],
    ['waggle identity list -l app=web'],
  )
    .option('-l, --label <label>', 'only those that have this label; may be given again', collect)
    .option('--endpoints', 'only those of endpoints of this host, and how many have them')
    .action(async (options: IdentityListOptions) => (await actions()).list(options, context));
  addAsking(identity, 'get <number>', 'show an identity', ['waggle identity get 1234']).action(
    async (number: string, options: ClientOptions) => (await actions()).get(number, options, context),
  );

  const ip = addExamples(addGroup(program, 'ip', 'list addresses, and who is there'), ['waggle ip list']);
  addAsking(
    ip,
    'list [cidr]',
    'list prefixes with their identities, and who says so',
    ['waggle ip list'],
    ['waggle ip list 10.1.0.0/16'],
  ).action(async (cidr: string | undefined, options: ClientOptions) =>
    (await actions()).addresses(cidr, options, context),
  );
}
