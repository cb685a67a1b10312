/**
 * Those commands of `waggle policy` that change what the agent enforces, or show it. What they take is here; what they do is in
 * policy-store-actions.ts.
 */
import type { Command } from 'commander';
import type { ClientOptions } from './client-options.ts';
import type { Context } from './context.ts';
import { parseDuration } from './duration.ts';
import { addAsking } from './group.ts';
import type { ApplyOptions, DeleteOptions, GetOptions, WaitOptions } from './policy-store-actions.ts';

const actions = () => import('./policy-store-actions.ts');

const APPLY_HELP = `
A resource takes the place of that of the same kind, namespace and name, a bare rule of that with
the same labels. What is wrong in one of several files is told before any of them is applied.

Exit codes: 0 applied, 1 not applied, or with --wait: not everywhere in force; 2 wrong usage.`;

const GET_HELP = `
-o json prints policies with where they came from; -o yaml prints just the policies, as apply takes
them.`;

const WAIT_HELP = `
Exit codes: 0 in force everywhere, 1 not in time, 2 wrong usage.`;

/** Adds the commands. */
export function addPolicyStore(policy: Command, context: Context): void {
  addAsking(
    policy,
    'apply <path...>',
    'put policies in force',
    ['waggle policy apply policies/ web.yaml'],
    ['waggle policy apply -', 'from the standard input'],
    ['waggle policy apply policies/ --dry-run', 'who might do what then, and cannot now, or the reverse'],
    ['waggle policy apply policies/ --replace', 'and delete what else came by this command'],
  )
    .option('--dry-run', 'only say what would change')
    .option('--replace', 'delete all other policies, except those of the watched directory')
    .option('--namespace <name>', 'the namespace of resources that name none', 'default')
    .option(
      '--wait [time]',
      'wait until it is in force everywhere, as long as this (default: 60s)',
      parseDuration,
    )
    .addHelpText('after', APPLY_HELP)
    .action(async (paths: string[], options: ApplyOptions) =>
      (await actions()).apply(paths, options, context),
    );

  addAsking(
    policy,
    'get [name-or-label...]',
    'show the policies that the agent has',
    ['waggle policy get'],
    ['waggle policy get shop/backend -o yaml > backend.yaml'],
    ['waggle policy get team=shop'],
  )
    .option('--kind <kind>', 'only of this kind')
    .addHelpText('after', GET_HELP)
    .action(async (names: string[], options: GetOptions) => (await actions()).get(names, options, context));

  addAsking(
    policy,
    'delete [name-or-label...]',
    'delete policies that came by apply: one by its name, or all with these labels',
    ['waggle policy delete shop/backend'],
    ['waggle policy delete team=shop stage=test', 'those that have both labels'],
    ['waggle policy delete --all'],
  )
    .option('--all', 'all of them')
    .option('--kind <kind>', 'of this kind, where several kinds have the name')
    .action(async (names: string[], options: DeleteOptions) =>
      (await actions()).remove(names, options, context),
    );

  addAsking(
    policy,
    'wait [revision]',
    'wait until a revision of the policies is in force at every endpoint',
    ['waggle policy wait', 'the present revision'],
    ['waggle policy wait 12 --timeout 10s'],
  )
    .option('--timeout <time>', 'how long to wait', parseDuration, 60_000)
    .addHelpText('after', WAIT_HELP)
    .action(async (revision: string | undefined, options: WaitOptions) =>
      (await actions()).wait(revision, options, context),
    );

  addAsking(policy, 'selectors', 'list the selectors of all rules, and whom they select', [
    'waggle policy selectors',
  ]).action(async (options: ClientOptions) => (await actions()).selectors(options, context));
}
