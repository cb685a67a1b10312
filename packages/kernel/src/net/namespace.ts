/**
 * Network namespaces. A namespace lives as long as somebody holds it: a process in it, a file descriptor (which is what
 * a {@link NetworkNamespace} is), or a name: a bind mount under /run/netns, as `ip netns` makes and lists them.
 *
 * A namespace belongs to a thread. {@link NetworkNamespace.run} takes the calling thread there and back around a
 * synchronous function; sockets and child processes made inside stay there, whatever is awaited does not: the event
 * loop goes on in the old namespace, and the threads that serve `fs.promises` and DNS look-ups never left it.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { describe, WaggleError } from '@waggle/bpf';
import { check, KernelError } from '../errors.ts';
import { fileOperation, makeDirectory } from '../host/files.ts';
import { Descriptor } from '../sys/descriptor.ts';
import { errno } from '../sys/errno.ts';
import * as libc from '../sys/libc.ts';

const CLONE_NEWNET = 0x40000000;
const MS_BIND = 0x1000;
const MS_REC = 0x4000;
const MS_SHARED = 0x100000;
const MNT_DETACH = 2;
/** The kind of a namespace descriptor, as its CLONE_NEW* flag (include/uapi/linux/nsfs.h). */
const NS_GET_NSTYPE = 0xb703;
/** A descriptor for the network namespace of a socket (include/uapi/linux/sockios.h). */
const SIOCGSKNS = 0x894c;
const NSFS_MAGIC = 0x6e736673;
const LOCK_EX = 2;

const NAMES = '/run/netns';
const CURRENT = '/proc/thread-self/ns/net';
const PRIVILEGE = 'Run as root, or grant CAP_SYS_ADMIN';

const AsyncFunction = (async () => {}).constructor;

/** A synchronous function: one whose result is no promise. */
export type Section<Result> = () => Result extends PromiseLike<unknown> ? never : Result;

/** A name under /run/netns and the namespace it stands for. */
export interface NamespaceName {
  readonly name: string;
  readonly inode: number;
}

/** A network namespace, held by a file descriptor until {@link NetworkNamespace.close}. */
export class NetworkNamespace implements Disposable {
  /** Its name under /run/netns, if it was created or opened by name. */
  readonly name: string | undefined;
  /** Identifies the namespace as long as it lives: the number in `net:[4026531840]`. */
  readonly inode: number;
  readonly #descriptor: Descriptor;
  readonly #object: string;

  private constructor(fd: number, object: string, name?: string) {
    this.#object = object;
    this.name = name;
    this.#descriptor = new Descriptor(fd, object);
    this.inode = fs.fstatSync(fd).ino;
  }

  /**
   * Creates a namespace under a name that `ip netns` knows too. Its loopback device is down.
   * @throws KernelError EXISTS when the name is taken; DENIED without CAP_SYS_ADMIN. Nothing is left behind then.
   */
  static create(name: string): NetworkNamespace {
    const path = pathOf(name);
    const object = `network namespace "${name}"`;
    makeNamesDirectory();
    fs.closeSync(fileOperation('create', object, () => fs.openSync(path, 'wx', 0)));
    try {
      return excursion(
        () => check(libc.unshare(CLONE_NEWNET), 'create', object, { hint: PRIVILEGE }),
        () => {
          check(libc.mount(CURRENT, path, 'none', MS_BIND, ''), 'name', object, { hint: PRIVILEGE });
          return new NetworkNamespace(openCurrent(), object, name);
        },
      );
    } catch (error) {
      libc.umount2(path, MNT_DETACH);
      fs.rmSync(path, { force: true });
      throw error;
    }
  }

  /**
   * Creates a namespace without a name: it ends with this object, unless a process or a socket keeps it.
   * @throws KernelError DENIED without CAP_SYS_ADMIN.
   */
  static createAnonymous(): NetworkNamespace {
    const object = 'a network namespace';
    return excursion(
      () => check(libc.unshare(CLONE_NEWNET), 'create', object, { hint: PRIVILEGE }),
      () => new NetworkNamespace(openCurrent(), 'the anonymous network namespace'),
    );
  }

  /** @throws KernelError NOT_FOUND */
  static openByName(name: string): NetworkNamespace {
    return NetworkNamespace.#open(pathOf(name), `network namespace "${name}"`, name);
  }

  /** The namespace of a process (of its main thread).
   * @throws KernelError NOT_FOUND */
  static openByPid(pid: number): NetworkNamespace {
    if (!Number.isInteger(pid) || pid <= 0) {
      throw new WaggleError('OUT_OF_RANGE', `${describe(pid)} is not a process id`);
    }
    return NetworkNamespace.#open(`/proc/${pid}/ns/net`, `the network namespace of process ${pid}`);
  }

  /** The namespace behind a file such as /proc/1/ns/net, or one that a container runtime mounted.
   * @throws KernelError NOT_FOUND; WaggleError WRONG_TYPE when the file is something else. */
  static openPath(path: string): NetworkNamespace {
    return NetworkNamespace.#open(path, `the network namespace at ${path}`);
  }

  /** The namespace that the calling thread is in now. */
  static current(): NetworkNamespace {
    return new NetworkNamespace(openCurrent(), 'the current network namespace');
  }

  /** The namespace of a socket of any kind.
   * @throws KernelError DENIED without CAP_NET_ADMIN. */
  static ofSocket(fd: number): NetworkNamespace {
    const object = 'the network namespace of a socket';
    const hint = 'It needs CAP_NET_ADMIN in that namespace';
    return new NetworkNamespace(check(libc.ioctl(fd, SIOCGSKNS, 0), 'open', object, { hint }), object);
  }

  static #open(path: string, object: string, name?: string): NetworkNamespace {
    const fd = fileOperation('open', object, () => fs.openSync(path, 'r'));
    if (libc.ioctl(fd, NS_GET_NSTYPE, 0) === CLONE_NEWNET) return new NetworkNamespace(fd, object, name);
    fs.closeSync(fd);
    throw new WaggleError('WRONG_TYPE', `open ${object}: ${path} is no network namespace`);
  }

  /** The named namespaces, sorted by name. */
  static list(): NamespaceName[] {
    if (!fs.existsSync(NAMES)) return [];
    const found: NamespaceName[] = [];
    for (const name of fs.readdirSync(NAMES).sort()) {
      const path = `${NAMES}/${name}`;
      // A name without a mount is what an interrupted creation leaves.
      if (isNamespaceFile(path)) found.push({ name, inode: fs.statSync(path).ino });
    }
    return found;
  }

  /**
   * Takes the name away. The namespace ends when nothing else holds it.
   * @throws KernelError NOT_FOUND
   */
  static delete(name: string): void {
    const path = pathOf(name);
    const object = `network namespace "${name}"`;
    const result = libc.umount2(path, MNT_DETACH);
    // EINVAL: nothing is mounted there, and only the file is left to remove.
    if (result !== -errno.EINVAL) check(result, 'delete', object, { hint: deletionHint(-result) });
    fileOperation('delete', object, () => fs.unlinkSync(path));
  }

  /** The file descriptor, still owned by this object.
   * @throws WaggleError CLOSED */
  get fd(): number {
    return this.#descriptor.fd;
  }

  get closed(): boolean {
    return this.#descriptor.closed;
  }

  /**
   * Runs a synchronous function with the calling thread in this namespace, and answers its result. Runs may be nested.
   *
   * Beware of Node's sockets: `server.listen(port)` makes its socket at once, and so inside; `listen(port, host)` and
   * `connect` make it in a later turn of the event loop, and so outside.
   * @throws WaggleError WRONG_TYPE for an asynchronous function; KernelError DENIED without CAP_SYS_ADMIN. SYSTEM when the
   *   thread could not return to its namespace: the process has to end then, and every later run on this thread throws too.
   */
  run<Result>(section: Section<Result>): Result {
    if (section instanceof AsyncFunction) throw asynchronous(this.#object);
    return excursion(
      () => check(libc.setns(this.fd, CLONE_NEWNET), 'enter', this.#object, { hint: PRIVILEGE }),
      () => {
        const result: Result = section();
        if (!isPromise(result)) return result;
        result.then(undefined, () => {});
        throw asynchronous(this.#object);
      },
    );
  }

  /**
   * Starts a process in this namespace, as `child_process.spawn` does. The file systems are this process's own, so
   * /sys/class/net still shows this process's namespace there, while /proc/net and /proc/sys/net show the child's.
   */
  spawn(command: string, args: readonly string[] = [], options: SpawnOptions = {}): ChildProcess {
    return this.run(() => spawn(command, args, options));
  }

  /** Takes the name away, if it has one, and lets go of the namespace. */
  remove(): void {
    if (this.name !== undefined && !this.closed) NetworkNamespace.delete(this.name);
    this.close();
  }

  /** Lets go of the namespace; a name stays. Closing twice is harmless. */
  close(): void {
    this.#descriptor.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function pathOf(name: string): string {
  const valid = typeof name === 'string' && /^[^/\0]{1,255}$/.test(name) && name !== '.' && name !== '..';
  if (valid) return `${NAMES}/${name}`;
  throw new WaggleError('MALFORMED', `${describe(name)} is not a name for a network namespace`, {
    hint: 'It names a file: 1 to 255 characters without a slash',
  });
}

function openCurrent(): number {
  return fileOperation('open', 'the current network namespace', () => fs.openSync(CURRENT, 'r'));
}

function isNamespaceFile(path: string): boolean {
  try {
    return fs.statfsSync(path).type === NSFS_MAGIC;
  } catch {
    // Deleted since the directory was read.
    return false;
  }
}

/**
 * Makes /run/netns, and makes its mounts propagate to other mount namespaces, so that a name deleted here does not keep
 * the namespace alive in a service that started while the name existed. `ip netns` does the same, under the same lock.
 */
function makeNamesDirectory(): void {
  const intent = ['prepare', `directory ${NAMES}`] as const;
  makeDirectory(NAMES, 0o755, ...intent, { hint: PRIVILEGE });
  const share = () => libc.mount('', NAMES, 'none', MS_SHARED | MS_REC, '');
  const shared = share();
  // EINVAL: the directory is no mount point yet.
  if (shared !== -errno.EINVAL) {
    check(shared, ...intent, { hint: PRIVILEGE });
    return;
  }
  const lock = new Descriptor(fs.openSync(NAMES, 'r'), NAMES);
  try {
    check(libc.flock(lock.fd, LOCK_EX), ...intent);
    // Somebody may have been quicker.
    if (share() === 0) return;
    check(libc.mount(NAMES, NAMES, 'none', MS_BIND | MS_REC, ''), ...intent, { hint: PRIVILEGE });
    check(share(), ...intent, { hint: PRIVILEGE });
  } finally {
    lock.close();
  }
}

function deletionHint(number: number): string {
  return number === errno.ENOENT ? 'There is no namespace of that name' : PRIVILEGE;
}

/** The error of a thread that is stuck in a foreign namespace; threads load modules of their own. */
let stranded: WaggleError | undefined;

/**
 * Runs `section` in the namespace to which `depart` takes this thread, and comes back whatever happens.
 */
function excursion<Result>(depart: () => void, section: () => Result): Result {
  if (stranded !== undefined) throw stranded;
  const home = new Descriptor(openCurrent(), 'the network namespace to return to');
  try {
    depart();
    try {
      return section();
    } finally {
      comeBack(home.fd);
    }
  } finally {
    home.close();
  }
}

function comeBack(fd: number): void {
  const result = libc.setns(fd, CLONE_NEWNET);
  if (result === 0) return;
  const hint = 'This thread is in the wrong namespace now; end the process';
  stranded = new KernelError('return to', 'the network namespace of before', -result, {
    code: 'SYSTEM',
    hint,
  });
  throw stranded;
}

function asynchronous(object: string): WaggleError {
  return new WaggleError('WRONG_TYPE', `an asynchronous function cannot run in ${object}`, {
    hint: "Use synchronous calls only: what follows an await, and Node's thread pool, run in another namespace",
  });
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
