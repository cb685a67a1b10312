/**
 * `waggle agent` and `waggle cleanup`: the daemon, and the removal of everything that it has made. What they take is here; what they
 * do is in agent-actions.ts. The options are those of the agent itself (AgentOptionsSchema) under the same names.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { CleanUpFlags } from './agent-actions.ts';
import type { Context } from './context.ts';
import { addExamples } from './examples.ts';
import { collect } from './group.ts';
import { outputOption } from './print.ts';

const AGENT_HELP = `
Without --device and --netns the agent makes a host of its own, a network namespace, and never
touches the network of this machine. With --device it works on this machine's devices, after it
has said what it will do. What it attaches to a device that carries the only default route is
undone 30 seconds later unless somebody confirms it: waggle device confirm NAME.

When the agent ends, whatever way, traffic goes on under the policies that are in force; when it
comes back it goes on from there. waggle cleanup removes everything.

A file of options is YAML, by the long names without the dashes; what is given here wins:
  device: [eth1]
  ipv4-pool: 10.92.0.0/16
  policy-dir: /etc/waggle/policies

Exit codes: 0 ended as asked (SIGTERM, SIGINT), 1 could not start, 2 wrong usage.`;

const CLEANUP_HELP = `
Removed are programs and maps, the devices of endpoints, the network namespace that the agent
made, and changed kernel parameters get their values back. Of an agent that works on devices or in
a namespace of its own choice, name these as you named them to the agent.`;

const actions = () => import('./agent-actions.ts');

/** Adds the daemon. */
export function addAgent(program: Command, context: Context): void {
  const agent = program
    .command('agent')
    .description('run the daemon that enforces policies on this host')
    .option('--config <file>', 'a file with options')
    .option('--dry-run', 'only say what it would attach, change and keep where')
    .addHelpText('after', AGENT_HELP);
  addPlaces(agent);
  addWays(agent);
  addExamples(
    agent.addOption(outputOption()),
    ['waggle agent', 'on a host of its own'],
    ['waggle agent --device eth1 --dry-run', 'what it would do on this machine'],
    ['waggle agent --netns lab --device uplink --policy-dir /etc/waggle/policies'],
    ['waggle agent --config /etc/waggle/agent.yaml --log-format json'],
  ).action(async (_options: unknown, command: Command) => (await actions()).agent(command, context));
}

/** Adds the command that removes everything. */
export function addCleanup(program: Command, context: Context): void {
  const cleanup = program
    .command('cleanup')
    .description('remove everything of waggle from this host; the agent must have ended')
    .option('--config <file>', 'the file with options that the agent was started with')
    .option('--dry-run', 'only say what would be removed')
    .option('--state', 'also what the agent knows: endpoints, addresses, identities, policies')
    .addHelpText('after', CLEANUP_HELP);
  addPlaces(cleanup);
  addExamples(
    cleanup.addOption(outputOption()),
    ['waggle cleanup --dry-run'],
    ['waggle cleanup --state', 'as if it had never been there'],
    ['waggle cleanup --device eth1'],
  ).action(async (flags: CleanUpFlags, command: Command) =>
    (await actions()).cleanup(flags, command, context),
  );
}

/** Where an agent works, and where it keeps what it makes. */
function addPlaces(command: Command): void {
  command
    .option('--device <name>', 'a device of the host that is a way to the world; may be given again', collect)
    .option('--netns <namespace>', 'the network namespace that is the host: a name of ip netns, or a path')
    .option('--state-dir <directory>', 'what it knows (default: /var/lib/waggle)')
    .option('--run-dir <directory>', 'its socket and lock (default: /run/waggle)')
    .option('--socket <path>', 'of its API (default: agent.sock in the run directory)')
    .option(
      '--hubble-socket <path>',
      'of the API of flows, or none (default: hubble.sock in the run directory)',
    )
    .option('--pins <directory>', 'programs and maps, in a bpf file system (default: /sys/fs/bpf/waggle)');
}

/** How it works. */
function addWays(command: Command): void {
  const choice = (flags: string, description: string, choices: readonly string[]): Option =>
    new Option(flags, description).choices(choices);
  command
    .option('--node-name <name>', 'what this host is called (default: its host name)')
    .option('--socket-group <number>', 'the group that may use the socket, by number', wholeNumber)
    .option('--yes', 'keep what is attached to a device with the only default route without confirmation')
    .option('--ipv4-pool <cidr>', 'addresses for endpoints, or none (default: 10.92.0.0/16)')
    .option('--ipv6-pool <cidr>', 'the same (default: fd77:6167:676c:65::/64)')
    .option('--masquerade', "send to the world under the host's address (default)")
    .option('--no-masquerade', 'send to the world under the addresses of endpoints')
    .option('--native-routing-cidr <cidr>', 'not masqueraded; may be given again', collect)
    .option('--policy-dir <directory>', 'policies to follow: its files are in force as they are')
    .addOption(
      choice('--enforcement <mode>', 'when to deny what no rule allows (default: default)', [
        'default',
        'always',
        'never',
      ]),
    )
    .option('--audit', 'drop nothing by policy, report what would be')
    .option('--allow-localhost', 'this host may always reach its endpoints')
    .option('--host-label <label>', 'a label of the host itself; may be given again', collect)
    .option('--label-filter <expression>', 'which labels make identities; may be given again', collect)
    .option(
      '--max-connections <number>',
      'how many of each family are remembered (default: 262144)',
      wholeNumber,
    )
    .addOption(
      choice('--monitor-aggregation <level>', 'which packets that pass are told (default: medium)', [
        'off',
        'none',
        'low',
        'medium',
        'maximum',
      ]),
    )
    .option('--flow-memory <mebibytes>', 'for the last flows, 5,461 in each (default: 64)', wholeNumber)
    .option(
      '--flow-metrics <metric>',
      'metrics of flows, as drop:sourceContext=pod; may be given again (default: all)',
      collect,
    )
    .option('--metrics <address:port>', 'answer Prometheus there, at /metrics')
    .option('--export-file <path>', 'write flows there, a line of JSON each')
    .option('--export-size <mebibytes>', 'from this size on it is put aside (default: 10)', wholeNumber)
    .option('--export-backups <number>', 'how many of these are kept (default: 5)', wholeNumber)
    .option('--export-allow <filter>', 'which flows: {"verdict":["DROPPED"]}; may be given again', collect)
    .option('--export-deny <filter>', 'and which not; may be given again', collect)
    .option('--export-field <path>', 'which fields, as source.pod_name; may be given again', collect)
    .option('--hubble-listen <address>', 'serve that API at HOST:PORT, too')
    .option('--hubble-tls-cert <file>', 'a certificate for that: it speaks TLS')
    .option('--hubble-tls-key <file>', 'the key of the certificate')
    .option('--hubble-tls-client-ca <file>', 'the authority that clients must have a certificate of')
    .option('--mtu <bytes>', "of endpoints' devices (default: 1500)", wholeNumber)
    .addOption(
      choice('--log-level <level>', 'least level that is logged (default: info)', [
        'trace',
        'debug',
        'info',
        'warn',
        'error',
      ]),
    )
    .addOption(
      choice('--log-format <format>', 'of the log on standard error (default: text)', ['text', 'json']),
    )
    .option(
      '--discard-state <document>',
      'put a damaged part of the state aside; may be given again',
      collect,
    );
  // What a file turns on can be turned off here.
  for (const name of ['yes', 'audit', 'allow-localhost'])
    command.addOption(new Option(`--no-${name}`, `the opposite of --${name}`).hideHelp());
}

function wholeNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is a whole number.');
}
