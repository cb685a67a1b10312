/**
 * `waggle steer`: one listening socket for many ports and prefixes. What the commands take is here; what they do is in
 * steer-actions.ts, which is loaded when one of them runs, for no other command of waggle needs it.
 */
import { type Command, InvalidArgumentError } from 'commander';
import type { Context } from './context.ts';
import { addExamples, type Example } from './examples.ts';
import type { OwnerText } from './owner.ts';
import { outputOption } from './print.ts';
import type { SteerOptions } from './steer-actions.ts';

type RegisterFlags = SteerOptions & { readonly weight: number; readonly replace?: boolean };

const actions = () => import('./steer-actions.ts');

const HELP = `
Bindings say which addresses and ports belong to a label; sockets registered with the label get
their new connections. Of the bindings that fit, the longest prefix counts, then the fewest ports:
80 before 1-1023 before *. Everything is kept in pinned kernel objects: no process of waggle stays,
and connections that were made stay, too.

Examples:
  waggle steer load
  waggle steer bind www tcp 10.0.0.0/24 80
  waggle steer bind www tcp 10.0.0.0/24 8000-8999 --missing pass
  waggle steer register-pid $(pidof server) www tcp 127.0.0.1 8080
  waggle steer status --watch
  waggle steer load-bindings bindings.yaml --dry-run`;

/** Adds the commands. */
export function addSteer(program: Command, context: Context): void {
  const steer = program
    .command('steer')
    .description('give one listening socket many ports and prefixes')
    .helpCommand('help [command]', 'print help on a command')
    .addHelpText('after', HELP);
  const add = (usage: string, description: string, ...examples: readonly Example[]): Command =>
    addExamples(steer.command(usage), ...examples)
      .description(description)
      .option('-n, --netns <path>', 'network namespace: a path, or a name of ip netns (default: this one)')
      .option('--bpffs <directory>', 'bpf file system that keeps the state (default: /sys/fs/bpf)')
      .addOption(outputOption());

  add(
    'load',
    'load the program into a network namespace',
    ['waggle steer load'],
    ['waggle steer load --netns lab', 'into a namespace of ip netns'],
  ).action(async (options: SteerOptions) => (await actions()).load(options, context));
  add('unload', 'remove the program and all its state', ['waggle steer unload']).action(
    async (options: SteerOptions) => (await actions()).unload(options, context),
  );
  add('upgrade', 'exchange the program for that of this version', ['waggle steer upgrade']).action(
    async (options: SteerOptions) => (await actions()).upgrade(options, context),
  );
  add(
    'bind <label> <protocol> <prefix> <port>',
    'bind addresses and ports (80, 8000-8999 or *) to a label',
    ['waggle steer bind www tcp 10.0.0.0/24 80'],
    ['waggle steer bind www tcp 10.0.0.0/24 8000-8999 --missing pass'],
  )
    .option('-m, --missing <what>', 'without a live socket: drop, pass, or fallback:LABEL', 'drop')
    .action(async (label, protocol, prefix, port, options: SteerOptions & { missing: string }) =>
      (await actions()).bind(options, context, { label, protocol, prefix, port, missing: options.missing }),
    );
  add('unbind <label> <protocol> <prefix> <port>', 'remove a binding', [
    'waggle steer unbind www tcp 10.0.0.0/24 80',
  ]).action(async (label, protocol, prefix, port, options: SteerOptions) =>
    (await actions()).unbind(options, context, { label, protocol, prefix, port }),
  );
  add(
    'bindings',
    'list bindings in the order of their precedence',
    ['waggle steer bindings'],
    ['waggle steer bindings -o json'],
  ).action(async (options: SteerOptions) => (await actions()).listBindings(options, context));
  add(
    'load-bindings <file>',
    'replace all bindings by those of a YAML or JSON file, in one step',
    ['waggle steer load-bindings bindings.yaml --dry-run', 'what would change'],
    ['waggle steer load-bindings bindings.yaml'],
  )
    .option('--dry-run', 'only say what would change')
    .action(async (file: string, options: SteerOptions & { dryRun?: boolean }) =>
      (await actions()).loadBindings(options, context, file),
    );
  registering(
    add('register-pid <pid> <label> <protocol> <address> <port>', 'register a socket of a running process', [
      'waggle steer register-pid $(pidof server) www tcp 127.0.0.1 8080',
    ]),
  ).action(async (pid, label, protocol, address, port, options: RegisterFlags) =>
    (await actions()).registerProcess(options, context, label, { pid, protocol, address, port }),
  );
  registering(
    add('register <label>', 'register the sockets that systemd passes (socket activation)', [
      'ExecStartPre=waggle steer register www',
      'in a service unit that has a socket unit',
    ]),
  )
    .option('--fdname <name>', 'only those of this name (FileDescriptorName= in the socket unit)')
    .action(async (label: string, options: RegisterFlags & { fdname?: string }) =>
      (await actions()).registerPassed(options, context, label),
    );
  add(
    'label <label>',
    'make a label that stays, and say who may register sockets with it',
    ['waggle steer label www --owner deploy'],
    ['waggle steer label www --group web --mode 0660'],
  )
    .option('--owner <user>', 'a user, by name or number (default: root)')
    .option('--group <group>', 'a group, by name or number (default: root)')
    .option('--mode <mode>', 'who of them, as chmod takes it (default: 0600; with a group 0660)')
    .option('--forget', "make it root's again; it goes when it has neither bindings nor sockets")
    .action(async (label: string, options: SteerOptions & OwnerText & { forget?: boolean }) =>
      (await actions()).label(options, context, label),
    );
  add(
    'unregister <label>',
    'take sockets from a label; their connections stay',
    ['waggle steer unregister www'],
    ['waggle steer unregister www --socket sk:1a2b'],
  )
    .option('-s, --socket <cookie>', 'only the socket with this cookie', parseCookie)
    .action(async (label: string, options: SteerOptions & { socket?: bigint }) =>
      (await actions()).unregister(options, context, label),
    );
  add('drain <label>', 'let a socket have no new connections', ['waggle steer drain www sk:1a2b'])
    .argument('<cookie>', 'which socket of the label, as status shows it', parseCookie)
    .action(async (label: string, cookie: bigint, options: SteerOptions) =>
      (await actions()).drain(options, context, label, cookie),
    );
  add(
    'status [label]',
    'show labels, their sockets and counts',
    ['waggle steer status'],
    ['waggle steer status www --watch'],
  )
    .option('-w, --watch', 'again every second')
    .action(async (label: string | undefined, options: SteerOptions & { watch?: boolean }) =>
      (await actions()).status(options, context, label),
    );
  add('metrics', 'print the counts for Prometheus', [
    'waggle steer metrics > /var/lib/node_exporter/steer.prom',
  ]).action(async (options: SteerOptions) => (await actions()).metrics(options, context));
}

const registering = (command: Command): Command =>
  command
    .option('-w, --weight <number>', 'share of the connections, 1 to 100', parseWeight, 1)
    .option('--replace', 'take the place of all other sockets of the same kind');

function parseWeight(text: string): number {
  const weight = Number(text);
  if (Number.isInteger(weight) && weight >= 1 && weight <= 100) return weight;
  throw new InvalidArgumentError('A weight is a number from 1 to 100.');
}

function parseCookie(text: string): bigint {
  const [, digits] = /^(?:sk:)?(?:0x)?([0-9a-f]{1,16})$/i.exec(text) ?? [];
  if (digits !== undefined) return BigInt(`0x${digits}`);
  throw new InvalidArgumentError('A cookie is hexadecimal, as in the column sk: of ss -e.');
}
