/** `waggle steer`: one listening socket for many ports and prefixes. Each command opens the pins, does one thing, and ends. */
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { WaggleError } from '@waggle/bpf';
import {
  formatProcessSocket,
  listeningSockets,
  NetworkNamespace,
  parseAddress,
  Socket,
} from '@waggle/kernel';
import {
  BindingStore,
  DEFAULT_BPFFS,
  labelStatus,
  metricsText,
  parseBinding,
  parseBindingFile,
  parseLabel,
  parseProtocol,
  Registry,
  Steering,
} from '@waggle/steering';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Context } from './context.ts';
import { bindingsText, diffText, registeredText, statusText, steerJson } from './steer-text.ts';

interface CommonOptions {
  readonly netns?: string;
  readonly bpffs: string;
  readonly output: 'table' | 'json';
}

type RegisterFlags = CommonOptions & { readonly weight: number; readonly replace?: boolean };

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
      .option('--bpffs <directory>', 'bpf file system that keeps the state', DEFAULT_BPFFS)
      .addOption(
        new Option('-o, --output <format>', 'how to print').choices(['table', 'json']).default('table'),
      );
  const say = (options: CommonOptions, value: unknown, text: string): void => {
    context.stdout.write(options.output === 'json' ? steerJson(value) : text);
  };

  add('load', 'load the program into a network namespace').action((options: CommonOptions) =>
    withNamespace(options, (namespace) => {
      using steering = Steering.load({ namespace, bpffs: options.bpffs });
      const { id, tag, translatedSize, jitedSize } = steering.program();
      say(
        options,
        {
          namespace: namespace.inode,
          program: { id, tag, translatedSize, jitedSize },
          directory: steering.directory,
        },
        `loaded program ${id} (${translatedSize} bytes, ${jitedSize} of machine code) into namespace ${namespace.inode}\n` +
          `state: ${steering.directory}\n`,
      );
    }),
  );
  add('unload', 'remove the program and all its state').action((options: CommonOptions) =>
    withNamespace(options, (namespace) => {
      Steering.unload({ namespace, bpffs: options.bpffs });
      say(options, { namespace: namespace.inode }, `unloaded from namespace ${namespace.inode}\n`);
    }),
  );
  add('upgrade', 'exchange the program for that of this version').action((options: CommonOptions) =>
    withSteering(options, (steering) => {
      const before = steering.program();
      steering.upgrade();
      const after = steering.program();
      say(
        options,
        { before: { id: before.id, tag: before.tag }, after: { id: after.id, tag: after.tag } },
        `program ${before.id} (tag ${before.tag}) gave way to ${after.id} (tag ${after.tag})\n`,
      );
    }),
  );
  add('bind <label> <protocol> <prefix> <port>', 'bind addresses and ports (80, 8000-8999 or *) to a label')
    .option('-m, --missing <what>', 'without a live socket: drop, pass, or fallback:LABEL', 'drop')
    .action((label, protocol, prefix, port, options: CommonOptions & { missing: string }) =>
      withSteering(options, (steering) => {
        const binding = parseBinding({ label, protocol, prefix, port, missing: options.missing });
        new BindingStore(steering).add(binding);
        say(options, [binding], bindingsText([binding]));
      }),
    );
  add('unbind <label> <protocol> <prefix> <port>', 'remove a binding').action(
    (label, protocol, prefix, port, options: CommonOptions) =>
      withSteering(options, (steering) => {
        const binding = parseBinding({ label, protocol, prefix, port });
        new BindingStore(steering).remove(binding);
        say(options, [binding], bindingsText([binding]));
      }),
  );
  add('bindings', 'list bindings in the order of their precedence').action((options: CommonOptions) =>
    withSteering(options, (steering) => {
      const bindings = new BindingStore(steering).list();
      say(options, bindings, bindingsText(bindings));
    }),
  );
  add('load-bindings <file>', 'replace all bindings by those of a YAML or JSON file, in one step')
    .option('--dry-run', 'only say what would change')
    .action((file: string, options: CommonOptions & { dryRun?: boolean }) =>
      withSteering(options, (steering) => {
        const wanted = parseBindingFile(file, readText(file));
        const store = new BindingStore(steering);
        const diff = options.dryRun ? store.compare(wanted) : store.replaceAll(wanted);
        say(options, diff, diffText(diff, options.dryRun === true));
      }),
    );
  registering(
    add('register-pid <pid> <label> <protocol> <address> <port>', 'register a socket of a running process'),
  ).action(
    (pid: string, label: string, protocol: string, address: string, port: string, options: RegisterFlags) =>
      withSteering(options, (steering) => {
        using socket = socketOf(pid, protocol, address, port);
        const registered = new Registry(steering).register(parseLabel(label), socket, options);
        say(options, [registered], registeredText([registered]));
      }),
  );
  registering(add('register <label>', 'register the sockets that systemd passes (socket activation)')).action(
    (label: string, options: RegisterFlags) =>
      withSteering(options, (steering) => {
        const registry = new Registry(steering);
        const registered = passedDescriptors().map((fd) =>
          registry.register(parseLabel(label), Socket.inherited(fd), options),
        );
        say(options, registered, registeredText(registered));
      }),
  );
  add('unregister <label>', 'take sockets from a label; their connections stay')
    .option('-s, --socket <cookie>', 'only the socket with this cookie', parseCookie)
    .action((label: string, options: CommonOptions & { socket?: bigint }) =>
      withSteering(options, (steering) => {
        const gone = new Registry(steering).unregister(label, options.socket);
        say(options, gone, registeredText(gone));
      }),
    );
  add('drain <label> <cookie>', 'let a socket have no new connections').action(
    (label: string, cookie: string, options: CommonOptions) =>
      withSteering(options, (steering) => {
        const registry = new Registry(steering);
        registry.drain(label, parseCookie(cookie));
        const sockets = registry.list().filter((socket) => socket.label === label);
        say(options, sockets, registeredText(sockets));
      }),
  );
  add('status [label]', 'show labels, their sockets and counts')
    .option('-w, --watch', 'again every second')
    .action(async (label: string | undefined, options: CommonOptions & { watch?: boolean }) => {
      do {
        withSteering(options, (steering) => {
          const all = labelStatus(steering);
          const shown = label === undefined ? all : all.filter((each) => each.label === label);
          if (label !== undefined && shown.length === 0)
            throw unknownLabel(
              label,
              all.map((each) => each.label),
            );
          const clear = options.watch && context.stdout.isTTY ? '\x1b[H\x1b[2J' : '';
          say(options, shown, clear + statusText(shown));
        });
        if (options.watch) await setTimeout(1000);
      } while (options.watch);
    });
  add('metrics', 'print the counts for Prometheus').action(async (options: CommonOptions) => {
    using namespace = openNamespace(options.netns);
    using steering = Steering.open({ namespace, bpffs: options.bpffs });
    context.stdout.write(await metricsText(steering));
  });
}

const registering = (command: Command): Command =>
  command
    .option('-w, --weight <number>', 'share of the connections, 1 to 100', parseWeight, 1)
    .option('--replace', 'take the place of all other sockets of the same kind');

function openNamespace(netns: string | undefined): NetworkNamespace {
  if (netns === undefined) return NetworkNamespace.current();
  return netns.includes('/') ? NetworkNamespace.openPath(netns) : NetworkNamespace.openByName(netns);
}

function withNamespace(options: CommonOptions, body: (namespace: NetworkNamespace) => void): void {
  using namespace = openNamespace(options.netns);
  body(namespace);
}

function withSteering(options: CommonOptions, body: (steering: Steering) => void): void {
  withNamespace(options, (namespace) => {
    using steering = Steering.open({ namespace, bpffs: options.bpffs });
    body(steering);
  });
}

function socketOf(pidText: string, protocolText: string, addressText: string, portText: string): Socket {
  const protocol = parseProtocol(protocolText);
  const address = parseAddress(addressText);
  const pid = Number(pidText);
  const sockets = listeningSockets(pid);
  const found = sockets.find(
    (socket) =>
      socket.protocol === protocol &&
      socket.port === Number(portText) &&
      Buffer.compare(socket.address.bytes, address.bytes) === 0,
  );
  if (found) return Socket.ofProcess(pid, found.fd);
  const others = sockets.map(formatProcessSocket);
  throw new WaggleError(
    'NOT_FOUND',
    `process ${pid} has no ${protocol} socket that listens on ${addressText} port ${portText}`,
    { hint: others.length === 0 ? 'It listens on none' : `It listens on ${others.join(', ')}` },
  );
}

/** The descriptors of sd_listen_fds(3). */
function passedDescriptors(environment: NodeJS.ProcessEnv = process.env): number[] {
  const { LISTEN_PID, LISTEN_FDS } = environment;
  const count = Number(LISTEN_FDS);
  if (Number(LISTEN_PID) === process.pid && Number.isInteger(count) && count > 0) {
    return Array.from({ length: count }, (_, index) => 3 + index);
  }
  throw new WaggleError('NOT_FOUND', 'no sockets were passed to this process', {
    hint: 'Run it by systemd socket activation (LISTEN_FDS and LISTEN_PID), or use register-pid',
  });
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new WaggleError('NOT_FOUND', `${file} cannot be read`, { cause });
  }
}

function unknownLabel(label: string, known: readonly string[]): WaggleError {
  const hint = known.length === 0 ? 'There are none yet' : `There are ${known.join(', ')}`;
  return new WaggleError('NOT_FOUND', `there is no label "${label}"`, { hint });
}

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
