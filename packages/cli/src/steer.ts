/**
 * `waggle steer`: one listening socket for many ports and prefixes. What the commands take is here; what they do is in
 * steer-actions.ts, which is loaded when one of them runs, for no other command of waggle needs it.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Context } from './context.ts';
import type { OwnerText } from './owner.ts';
import type { SteerOptions } from './steer-actions.ts';

type RegisterFlags = SteerOptions & { readonly weight: number; readonly replace?: boolean };

const actions = () => import('./steer-actions.ts');

const HELP = `
Bindings say which addresses and ports belong to a label; sockets registered with the label get their new
connections. Of the bindings that fit, the longest prefix counts, then the fewest ports: 80 before 1-1023 before *.
Everything is kept in pinned kernel objects: no process of waggle stays, and connections that were made stay, too.

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
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .addHelpText('after', HELP);
  const add = (usage: string, description: string): Command =>
    steer
      .command(usage)
      .description(description)
      .option('-n, --netns <path>', 'network namespace: a path, or a name of ip netns (default: this one)')
      .option('--bpffs <directory>', 'bpf file system that keeps the state (default: /sys/fs/bpf)')
      .addOption(
        new Option('-o, --output <format>', 'how to print').choices(['table', 'json']).default('table'),
      );

  add('load', 'load the program into a network namespace').action(async (options: SteerOptions) =>
    (await actions()).load(options, context),
  );
  add('unload', 'remove the program and all its state').action(async (options: SteerOptions) =>
    (await actions()).unload(options, context),
  );
  add('upgrade', 'exchange the program for that of this version').action(async (options: SteerOptions) =>
    (await actions()).upgrade(options, context),
  );
  add('bind <label> <protocol> <prefix> <port>', 'bind addresses and ports (80, 8000-8999 or *) to a label')
    .option('-m, --missing <what>', 'without a live socket: drop, pass, or fallback:LABEL', 'drop')
    .action(async (label, protocol, prefix, port, options: SteerOptions & { missing: string }) =>
      (await actions()).bind(options, context, { label, protocol, prefix, port, missing: options.missing }),
    );
  add('unbind <label> <protocol> <prefix> <port>', 'remove a binding').action(
    async (label, protocol, prefix, port, options: SteerOptions) =>
      (await actions()).unbind(options, context, { label, protocol, prefix, port }),
  );
  add('bindings', 'list bindings in the order of their precedence').action(async (options: SteerOptions) =>
    (await actions()).listBindings(options, context),
  );
  add('load-bindings <file>', 'replace all bindings by those of a YAML or JSON file, in one step')
    .option('--dry-run', 'only say what would change')
    .action(async (file: string, options: SteerOptions & { dryRun?: boolean }) =>
      (await actions()).loadBindings(options, context, file),
    );
  registering(
    add('register-pid <pid> <label> <protocol> <address> <port>', 'register a socket of a running process'),
  ).action(async (pid, label, protocol, address, port, options: RegisterFlags) =>
    (await actions()).registerProcess(options, context, label, { pid, protocol, address, port }),
  );
  registering(add('register <label>', 'register the sockets that systemd passes (socket activation)'))
    .option('--fdname <name>', 'only those of this name (FileDescriptorName= in the socket unit)')
    .action(async (label: string, options: RegisterFlags & { fdname?: string }) =>
      (await actions()).registerPassed(options, context, label),
    );
  add('label <label>', 'make a label that stays, and say who may register sockets with it')
    .option('--owner <user>', 'a user, by name or number (default: root)')
    .option('--group <group>', 'a group, by name or number (default: root)')
    .option('--mode <mode>', 'who of them, as chmod takes it (default: 0600; with a group 0660)')
    .option('--forget', "make it root's again; it goes when it has neither bindings nor sockets")
    .action(async (label: string, options: SteerOptions & OwnerText & { forget?: boolean }) =>
      (await actions()).label(options, context, label),
    );
  add('unregister <label>', 'take sockets from a label; their connections stay')
    .option('-s, --socket <cookie>', 'only the socket with this cookie', parseCookie)
    .action(async (label: string, options: SteerOptions & { socket?: bigint }) =>
      (await actions()).unregister(options, context, label),
    );
  add('drain <label>', 'let a socket have no new connections')
    .argument('<cookie>', 'which socket of the label, as status shows it', parseCookie)
    .action(async (label: string, cookie: bigint, options: SteerOptions) =>
      (await actions()).drain(options, context, label, cookie),
    );
  add('status [label]', 'show labels, their sockets and counts')
    .option('-w, --watch', 'again every second')
    .action(async (label: string | undefined, options: SteerOptions & { watch?: boolean }) =>
      (await actions()).status(options, context, label),
    );
  add('metrics', 'print the counts for Prometheus').action(async (options: SteerOptions) =>
    (await actions()).metrics(options, context),
  );
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
