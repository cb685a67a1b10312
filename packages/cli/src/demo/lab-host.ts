/**
 * A host for the story that is not this machine's: a network namespace without a way out, a namespace for each endpoint, and
 * directories that go with them. All have names that begin with the lab's own, so that what is left by a demo that was killed
 * is found by them.
 */
import { existsSync, mkdirSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { WaggleError } from '@waggle/bpf';
import { Datapath } from '@waggle/datapath';
import { lockDirectory, Network, NetworkNamespace } from '@waggle/kernel';
import type { Remains } from './world.ts';

const PREFIX = 'waggle-demo-';
const RUN = '/run';
const PINS = '/sys/fs/bpf';
const MOST = 100;
/** How long processes may take to end, in milliseconds, and how often that is looked at. */
const PATIENCE = 3000;
const PAUSE = 10;

export class LabHost {
  readonly name: string;
  readonly #lock: Disposable;
  #isClosed = false;

  private constructor(name: string, lock: Disposable) {
    this.name = name;
    this.#lock = lock;
  }

  /** Makes a lab. @throws KernelError, when something of it cannot be made; nothing is left behind then. */
  static async create(): Promise<LabHost> {
    const lab = makeDirectory();
    try {
      using host = NetworkNamespace.create(lab.name);
      using network = Network.open(host);
      network.links.set('lo', { up: true });
      return lab;
    } catch (error) {
      await lab.remove();
      throw error;
    }
  }

  /** The labs that are there, also those of which only a part is left. */
  static names(): string[] {
    const found = [
      ...namesIn(RUN),
      ...namesIn(PINS),
      ...NetworkNamespace.list().flatMap(({ name }) => labOf(name)),
    ];
    return [...new Set(found)].sort();
  }

  /** Takes over a lab that was left, to remove it. @throws WaggleError BUSY when its demo still runs. */
  static open(name: string): LabHost {
    const directory = `${RUN}/${name}`;
    if (!existsSync(directory)) mkdirSync(directory, { mode: 0o700 });
    return new LabHost(name, lockDirectory(directory, 0));
  }

  /** Where the agent and its socket, and what it remembers are. */
  get directory(): string {
    return `${RUN}/${this.name}`;
  }

  get socket(): string {
    return `${this.directory}/agent.sock`;
  }

  get pins(): string {
    return `${PINS}/${this.name}`;
  }

  /** What the namespace of somebody is called; that of the host itself, of nobody. */
  namespaceName(role?: string): string {
    return role === undefined ? this.name : `${this.name}-${role}`;
  }

  /** Makes the namespace of somebody. @throws WaggleError CLOSED when the lab is being removed. */
  makeNamespace(role: string): void {
    if (this.#isClosed) throw new WaggleError('CLOSED', `the lab ${this.name} is being removed`);
    NetworkNamespace.create(this.namespaceName(role)).close();
  }

  /** Opens a namespace. @throws KernelError NOT_FOUND */
  openNamespace(role?: string): NetworkNamespace {
    return NetworkNamespace.openByName(this.namespaceName(role));
  }

  /** Lets others remove it; it stays. */
  keep(): void {
    this.#lock[Symbol.dispose]();
  }

  /**
   * Removes all of it: whatever runs in its namespaces, its devices, what is pinned, the namespaces, and its directory.
   * @returns what is left.
   */
  async remove(): Promise<Remains[]> {
    this.#isClosed = true;
    const namespaces = this.#namespaces();
    const inodes = new Set(namespaces.map(({ inode }) => inode));
    await endProcesses(inodes);
    Datapath.remove(this.pins);
    const devices: string[] = [];
    for (const { name } of namespaces) {
      using namespace = openIfThere(name);
      if (!namespace) continue;
      using network = Network.open(namespace);
      // Not left to the end of the namespace, which comes some time later.
      for (const { index } of network.links.list({ kind: 'veth' })) deleteIfThere(network, index);
      devices.push(...network.links.list({ kind: 'veth' }).map((link) => `${link.name} in ${name}`));
      NetworkNamespace.delete(name);
    }
    rmSync(this.directory, { recursive: true, force: true });
    this.#lock[Symbol.dispose]();
    return [
      { what: 'processes', left: processesIn(inodes).map(String) },
      { what: 'network devices', left: devices },
      { what: 'network namespaces', left: this.#namespaces().map(({ name }) => name) },
      { what: 'pinned maps and links', left: Datapath.list(this.pins).map(({ path }) => path) },
      { what: 'files', left: existsSync(this.directory) ? [this.directory] : [] },
    ];
  }

  #namespaces() {
    return NetworkNamespace.list().filter(({ name }) => labOf(name)[0] === this.name);
  }
}

/** Whose directory it is decides whose lab: only one can make it. */
function makeDirectory(): LabHost {
  for (let number = 1; number <= MOST; number++) {
    const name = `${PREFIX}${number}`;
    if (LabHost.names().includes(name)) continue;
    try {
      mkdirSync(`${RUN}/${name}`, { mode: 0o700 });
      return LabHost.open(name);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') continue;
      throw error;
    }
  }
  throw new WaggleError('FULL', `there are ${MOST} labs of demos already`, {
    hint: 'Remove them: waggle demo --clean',
  });
}

/** The name of the lab that a name begins with. */
const labOf = (name: string): string[] => /^waggle-demo-\d+(?=$|-)/.exec(name)?.slice(0, 1) ?? [];

const namesIn = (directory: string): string[] =>
  existsSync(directory) ? readdirSync(directory).flatMap(labOf) : [];

function openIfThere(name: string): NetworkNamespace | undefined {
  try {
    return NetworkNamespace.openByName(name);
  } catch (error) {
    if (error instanceof WaggleError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

/** One end of a pair goes with the other. */
function deleteIfThere(network: Network, index: number): void {
  try {
    network.links.delete(index);
  } catch (error) {
    if (!(error instanceof WaggleError && error.code === 'NOT_FOUND')) throw error;
  }
}

async function endProcesses(namespaces: ReadonlySet<number>): Promise<void> {
  for (let waited = 0; waited < PATIENCE; waited += PAUSE) {
    const running = processesIn(namespaces);
    if (running.length === 0) return;
    for (const pid of running) endIfThere(pid);
    await setTimeout(PAUSE);
  }
}

function endIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** The processes whose network is one of these namespaces: nobody but the demo has put any there. */
function processesIn(namespaces: ReadonlySet<number>): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && namespaces.has(namespaceOf(name)))
    .map(Number);
}

function namespaceOf(pid: string): number {
  try {
    return Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/net`))?.[0]);
  } catch {
    // It has ended since the directory was read.
    return Number.NaN;
  }
}
