/** What each command of `waggle steer` does: it opens the pins, does one thing, prints, and ends. */
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
  type BindingText,
  LabelSockets,
  labelStatus,
  metricsText,
  type Place,
  parseBinding,
  parseBindingFile,
  parseLabel,
  parseProtocol,
  type RegisteredSocket,
  type RegisterOptions,
  Registry,
  Steering,
} from '@waggle/steering';
import { passedDescriptors } from './activation.ts';
import type { Context } from './context.ts';
import { formatMode, type OwnerText, parseOwner } from './owner.ts';
import { type OutputOptions, print } from './print.ts';
import { bindingsText, diffText, registeredText, statusText, steerData } from './steer-text.ts';

/** Options of every command. */
export interface SteerOptions extends OutputOptions {
  readonly netns?: string;
  readonly bpffs?: string;
}

/** Where the socket of a process listens, as a user writes it. */
export interface ListeningText {
  readonly pid: string;
  readonly protocol: string;
  readonly address: string;
  readonly port: string;
}

export function load(options: SteerOptions, context: Context): void {
  withNamespace(options, (place) => {
    using steering = Steering.load(place);
    const { id, tag, translatedSize, jitedSize } = steering.program();
    const { inode } = place.namespace;
    say(
      options,
      context,
      { namespace: inode, program: { id, tag, translatedSize, jitedSize }, directory: steering.directory },
      `loaded program ${id} (${translatedSize} bytes, ${jitedSize} of machine code) into namespace ${inode}\n` +
        `state: ${steering.directory}\n`,
    );
  });
}

export function unload(options: SteerOptions, context: Context): void {
  withNamespace(options, (place) => {
    Steering.unload(place);
    const { inode } = place.namespace;
    say(options, context, { namespace: inode }, `unloaded from namespace ${inode}\n`);
  });
}

export function upgrade(options: SteerOptions, context: Context): void {
  withSteering(options, (steering) => {
    const before = steering.program();
    steering.upgrade();
    const after = steering.program();
    say(
      options,
      context,
      { before: { id: before.id, tag: before.tag }, after: { id: after.id, tag: after.tag } },
      `program ${before.id} (tag ${before.tag}) gave way to ${after.id} (tag ${after.tag})\n`,
    );
  });
}

export function bind(options: SteerOptions, context: Context, text: BindingText): void {
  withSteering(options, (steering) => {
    const binding = parseBinding(text);
    new BindingStore(steering).add(binding);
    say(options, context, [binding], bindingsText([binding]));
  });
}

export function unbind(options: SteerOptions, context: Context, text: BindingText): void {
  withSteering(options, (steering) => {
    const binding = parseBinding(text);
    new BindingStore(steering).remove(binding);
    say(options, context, [binding], bindingsText([binding]));
  });
}

export function listBindings(options: SteerOptions, context: Context): void {
  withSteering(options, (steering) => {
    const bindings = new BindingStore(steering).list();
    say(options, context, bindings, bindingsText(bindings));
  });
}

export function loadBindings(
  options: SteerOptions & { readonly dryRun?: boolean },
  context: Context,
  file: string,
): void {
  withSteering(options, (steering) => {
    const wanted = parseBindingFile(file, readText(file));
    const store = new BindingStore(steering);
    const diff = options.dryRun ? store.compare(wanted) : store.replaceAll(wanted);
    say(options, context, diff, diffText(diff, options.dryRun === true));
  });
}

export function registerProcess(
  options: SteerOptions & RegisterOptions,
  context: Context,
  label: string,
  where: ListeningText,
): void {
  withSockets(options, parseLabel(label), (sockets) => {
    using socket = socketOf(where);
    const registered = sockets.register([socket], options);
    say(options, context, registered, registeredText(registered));
  });
}

export function registerPassed(
  options: SteerOptions & RegisterOptions & { readonly fdname?: string },
  context: Context,
  label: string,
): void {
  const passed = passedDescriptors(process.env, options.fdname).map((fd) => Socket.inherited(fd));
  withSockets(options, parseLabel(label), (sockets) => {
    const registered = sockets.register(passed, options);
    say(options, context, registered, registeredText(registered));
  });
}

export function unregister(
  options: SteerOptions & { readonly socket?: bigint },
  context: Context,
  label: string,
): void {
  withSockets(options, label, (sockets) => {
    const gone = sockets.unregister(options.socket);
    say(options, context, gone, registeredText(gone));
  });
}

export function drain(options: SteerOptions, context: Context, label: string, cookie: bigint): void {
  withSockets(options, label, (sockets) => {
    sockets.drain(cookie);
    const left = sockets.list();
    say(options, context, left, registeredText(left));
  });
}

export function label(
  options: SteerOptions & OwnerText & { readonly forget?: boolean },
  context: Context,
  name: string,
): void {
  withSteering(options, (steering) => {
    const registry = new Registry(steering);
    if (options.forget) {
      registry.forget(name);
      say(options, context, { label: name }, `label ${name} is root's, and goes when it is not used\n`);
      return;
    }
    const owner = parseOwner(options);
    registry.declare(parseLabel(name), owner);
    const { uid, gid, mode } = owner;
    const text = `label ${name}: sockets may be registered by user ${uid} and group ${gid}, mode ${formatMode(mode)}\n`;
    say(options, context, { label: name, uid, gid, mode: formatMode(mode) }, text);
  });
}

export async function status(
  options: SteerOptions & { readonly watch?: boolean },
  context: Context,
  label: string | undefined,
): Promise<void> {
  do {
    withSteering(options, (steering) => {
      const shown = labelStatus(steering, label);
      const clear = options.watch && context.stdout.isTTY ? '\x1b[H\x1b[2J' : '';
      say(options, context, shown, clear + statusText(shown));
    });
    if (options.watch) await setTimeout(1000);
  } while (options.watch);
}

export async function metrics(options: SteerOptions, context: Context): Promise<void> {
  using namespace = openNamespace(options.netns);
  using steering = Steering.open(placeOf(options, namespace));
  context.stdout.write(await metricsText(steering));
}

function say(options: SteerOptions, context: Context, value: unknown, text: string): void {
  print(options, context, steerData(value), () => text);
}

function openNamespace(netns: string | undefined): NetworkNamespace {
  if (netns === undefined) return NetworkNamespace.current();
  return netns.includes('/') ? NetworkNamespace.openPath(netns) : NetworkNamespace.openByName(netns);
}

const placeOf = ({ bpffs }: SteerOptions, namespace: NetworkNamespace): Place =>
  bpffs === undefined ? { namespace } : { namespace, bpffs };

function withNamespace(options: SteerOptions, body: (place: Place) => void): void {
  using namespace = openNamespace(options.netns);
  body(placeOf(options, namespace));
}

function withSteering(options: SteerOptions, body: (steering: Steering) => void): void {
  withNamespace(options, (place) => {
    using steering = Steering.open(place);
    body(steering);
  });
}

/** What can be done to the sockets of a label. */
interface Sockets {
  register: (sockets: readonly Socket[], options: RegisterOptions) => RegisteredSocket[];
  unregister: (cookie?: bigint) => RegisteredSocket[];
  drain: (cookie: bigint) => void;
  list: () => RegisteredSocket[];
}

/** The sockets of a label: as root, who may make the label, or as a user who may write its pins. */
function withSockets(options: SteerOptions, label: string, body: (sockets: Sockets) => void): void {
  withNamespace(options, (place) => {
    if (process.geteuid?.() !== 0) {
      using sockets = LabelSockets.open(Steering.directoryOf(place), label);
      body(sockets);
      return;
    }
    using steering = Steering.open(place);
    const registry = new Registry(steering);
    body({
      register: (sockets, how) => registry.register(label, sockets, how),
      unregister: (cookie) => registry.unregister(label, cookie),
      drain: (cookie) => registry.drain(label, cookie),
      list: () => registry.list().filter((socket) => socket.label === label),
    });
  });
}

function socketOf({
  pid: pidText,
  protocol: protocolText,
  address: addressText,
  port,
}: ListeningText): Socket {
  const protocol = parseProtocol(protocolText);
  const address = parseAddress(addressText);
  const pid = Number(pidText);
  const sockets = listeningSockets(pid);
  const found = sockets.find(
    (socket) =>
      socket.protocol === protocol &&
      socket.port === Number(port) &&
      Buffer.compare(socket.address.bytes, address.bytes) === 0,
  );
  if (found) return Socket.ofProcess(pid, found.fd);
  const others = sockets.map(formatProcessSocket);
  throw new WaggleError(
    'NOT_FOUND',
    `process ${pid} has no ${protocol} socket that listens on ${addressText} port ${port}`,
    { hint: others.length === 0 ? 'It listens on none' : `It listens on ${others.join(', ')}` },
  );
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new WaggleError('NOT_FOUND', `${file} cannot be read`, { cause });
  }
}
