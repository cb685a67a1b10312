/**
 * `waggle policy`: what policies allow, and why; on files, without an agent. What the commands take is here; what they do is in
 * policy-actions.ts, which is loaded when one of them runs.
 */
import { type Command, Option } from 'commander';
import { addClientOptions } from './client-options.ts';
import { type Context, ExitCode } from './context.ts';
import { addGroup } from './group.ts';
import type { DiffOptions, ExplainOptions, TraceOptions, ValidateOptions } from './policy-actions.ts';
import { addPolicyStore } from './policy-store.ts';
import { outputOption } from './print.ts';

const actions = () => import('./policy-actions.ts');

const HELP = `
Without -p and -e questions are asked of the running agent: its policies, and its endpoints.

Policies are files or directories of them: CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy,
NetworkPolicy, CiliumCIDRGroup, or bare rules, in YAML or JSON. A file of endpoints says who is
there:

  - name: web-1
    labels: { app: web }
    addresses: [10.1.0.7]

Examples:
  waggle policy apply policies/
  waggle policy trace --from web-1 --to db-1 --port 5432/TCP
  waggle policy trace -p policies/ -e endpoints.yaml --from web-1 --to db-1 --port 5432/TCP
  waggle policy explain db-1
  waggle policy diff --after changed/`;

const TRACE_HELP = `
Both ends' policies are asked: egress of --from, ingress of --to.

An end is an endpoint (its NAME, or NAMESPACE/NAME in a file; of the agent also its number), labels
(app=web,role=front), an address or a CIDR, a DNS name that a rule names, or one of host, world,
remote-node, health, init, ….

Exit codes: 0 allowed (also by a proxy), 1 denied, 2 an error.

Examples:
  waggle policy trace --from web-1 --to db-1 --port 5432/TCP
  waggle policy trace --from 203.0.113.7 --to app=web --port 443
  waggle policy trace -p policies/ -e endpoints.yaml --from web-1 --to db-1 --port http`;

const DIFF_HELP = `
Exit codes, as of diff(1): 0 nothing changes, 1 something changes, 2 an error.

Examples:
  waggle policy diff --after changed/
  waggle policy diff --before policies/ --after changed/ -e endpoints.yaml`;

const VALIDATE_HELP = `
Exit codes: 0 all is valid, 1 something is not.

Examples:
  waggle policy validate policies/
  waggle policy validate policies/ -e endpoints.yaml`;

const EXPLAIN_HELP = `
Examples:
  waggle policy explain db-1
  waggle policy explain db-1 -p policies/ -e endpoints.yaml`;

/** Adds the commands. */
export function addPolicy(program: Command, context: Context): void {
  const policy = addGroup(
    program,
    'policy',
    'put policies in force, and say what they allow, and why',
  ).addHelpText('after', HELP);
  addPolicyStore(policy, context);

  const validate = policy
    .command('validate <path...>')
    .description('check files of policies, and say what is in them')
    .option('-e, --endpoints <file>', 'also find labels that no endpoint has, and ports with two parsers')
    .addHelpText('after', VALIDATE_HELP);
  validate
    .addOption(outputOption())
    .action(async (paths: string[], options: ValidateOptions) =>
      (await actions()).validate(paths, options, context),
    );

  const trace = policy
    .command('trace')
    .description('say whether a packet passes, and which rule decides')
    .option('-p, --policy <path...>', "files or directories of policies (default: the agent's)")
    .option('-e, --endpoints <file>', 'who is there (default, without -p: whom the agent knows)')
    .requiredOption('--from <whom>', 'who sends')
    .requiredOption('--to <whom>', 'who receives')
    .requiredOption('--port <port>', '80/TCP, 53/UDP, 8/ICMP (the type), http (a named port), or 80 for TCP')
    .addOption(new Option('--direction <direction>', 'ask only one end').choices(['ingress', 'egress']))
    .addHelpText('after', TRACE_HELP);
  addClientOptions(modes(trace)).action(async (options: TraceOptions) => {
    context.errorCode = ExitCode.usage;
    await (await actions()).trace(options, context);
  });

  const explain = policy
    .command('explain <whom>')
    .description('show all that is allowed and denied to an endpoint')
    .option('-p, --policy <path...>', "files or directories of policies (default: the agent's)")
    .option('-e, --endpoints <file>', 'who is there (default, without -p: whom the agent knows)')
    .addHelpText('after', EXPLAIN_HELP);
  addClientOptions(modes(explain)).action(async (whom: string, options: ExplainOptions) =>
    (await actions()).explain(whom, options, context),
  );

  const diff = policy
    .command('diff')
    .description('say who may do what after a change of policies, and could not before, or the reverse')
    .option('--before <path...>', "files or directories of policies (default: the agent's)")
    .requiredOption('--after <path...>', 'the same, changed')
    .option('-e, --endpoints <file>', 'who is there (default: whom the agent knows)')
    .addHelpText('after', DIFF_HELP);
  addClientOptions(modes(diff)).action(async (options: DiffOptions) => {
    context.errorCode = ExitCode.usage;
    await (await actions()).diff(options, context);
  });
}

const modes = (command: Command): Command =>
  command
    .addOption(
      new Option(
        '--enforcement <mode>',
        'when to deny what no rule allows (default: default, where a rule says so)',
      ).choices(['default', 'always', 'never']),
    )
    .option('--allow-localhost', 'this host may always reach its endpoints');
