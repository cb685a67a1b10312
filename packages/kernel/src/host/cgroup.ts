/**
 * Control groups, version 2: directories of a file system, wherever the host has mounted it. A {@link Cgroup} holds the
 * directory open, so programs can be attached to it; the group itself stays until it is removed.
 */
import * as fs from 'node:fs';
import { describe, WaggleError } from '@waggle/bpf';
import { Descriptor } from '../sys/descriptor.ts';
import { errno } from '../sys/errno.ts';
import { errorNumber, fileError, fileOperation, makeDirectory } from './files.ts';
import { findMount } from './mounts.ts';

/** Rounds of moving processes away before removal gives up: they may fork in between. */
const EVICTION_ROUNDS = 10;

/** A control group, held by a file descriptor until {@link Cgroup.close}. */
export class Cgroup implements Disposable {
  /** Its place below the root: `waggle/web`, or the empty text for the root itself. */
  readonly path: string;
  /** Its directory. */
  readonly directory: string;
  /** What bpf_get_current_cgroup_id() answers for processes of this group: the inode of the directory. */
  readonly id: bigint;
  readonly #descriptor: Descriptor;

  private constructor(path: string) {
    this.path = path;
    this.directory = directoryOf(path);
    this.#descriptor = new Descriptor(
      fileOperation('open', objectOf(path), () => fs.openSync(this.directory, fs.constants.O_DIRECTORY)),
      objectOf(path),
    );
    this.id = fs.fstatSync(this.fd, { bigint: true }).ino;
  }

  /** The group of all processes (of this container, where it sees no more). */
  static root(): Cgroup {
    return new Cgroup('');
  }

  /**
   * Opens a group by its path below the root.
   * @throws KernelError NOT_FOUND; WaggleError NOT_FOUND when no cgroup v2 file system is mounted.
   */
  static open(path: string): Cgroup {
    return new Cgroup(checkPath(path));
  }

  /**
   * Creates a group, and those above it that are missing.
   * @throws KernelError EXISTS when it is there already; DENIED.
   */
  static create(path: string): Cgroup {
    const parts = checkPath(path).split('/');
    for (let depth = 1; depth < parts.length; depth++) {
      const parent = directoryOf(parts.slice(0, depth).join('/'));
      makeDirectory(parent, 0o755, 'create', objectOf(path));
    }
    fileOperation('create', objectOf(path), () => fs.mkdirSync(directoryOf(path)));
    return new Cgroup(path);
  }

  /** The group that a process is in.
   * @throws KernelError NOT_FOUND */
  static ofProcess(pid: number): Cgroup {
    const object = `the control group of process ${describe(pid)}`;
    const text = fileOperation('open', object, () => fs.readFileSync(`/proc/${Number(pid)}/cgroup`, 'utf8'));
    const path = /^0::\/(.*)$/m.exec(text)?.[1];
    if (path === undefined) throw new WaggleError('NOT_FOUND', `open ${object}: it has none of version 2`);
    return new Cgroup(path);
  }

  /** The file descriptor of the directory, for attaching programs; still owned by this object.
   * @throws WaggleError CLOSED */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /** Moves a process into this group, with all its threads.
   * @throws KernelError NOT_FOUND when there is no such process; DENIED. */
  addProcess(pid: number): void {
    if (!Number.isInteger(pid) || pid <= 0) {
      throw new WaggleError('OUT_OF_RANGE', `${describe(pid)} is not a process id`);
    }
    moveProcess(pid, this.directory, `process ${pid} to ${objectOf(this.path)}`);
  }

  /** The processes of this group, those of the groups below it not counted. */
  processes(): number[] {
    return fileOperation('list', `the processes of ${objectOf(this.path)}`, () =>
      processesOf(this.directory),
    );
  }

  /**
   * Removes the group and those below it, and closes this object. Processes are moved to the group above.
   * @throws KernelError BUSY when new processes keep appearing in it.
   */
  remove(): void {
    if (this.path === '') throw new WaggleError('INVALID', 'the root control group cannot be removed');
    removeDirectory(
      this.directory,
      directoryOf(this.path.split('/').slice(0, -1).join('/')),
      objectOf(this.path),
    );
    this.close();
  }

  /** Lets go of the directory; the group stays. Closing twice is harmless. */
  close(): void {
    this.#descriptor.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function objectOf(path: string): string {
  return path === '' ? 'the root control group' : `control group "${path}"`;
}

/** The directory of a group; mounts may change, so the root is looked up each time. */
function directoryOf(path: string): string {
  const mount = findMount('cgroup2');
  if (mount === undefined) {
    throw new WaggleError('NOT_FOUND', 'no cgroup v2 file system is mounted', {
      hint: 'mount -t cgroup2 none /sys/fs/cgroup',
    });
  }
  return path === '' ? mount.mountPoint : `${mount.mountPoint}/${path}`;
}

function checkPath(path: string): string {
  const parts = typeof path === 'string' ? path.split('/') : [];
  const valid =
    parts.length > 0 && parts.every((part) => /^[^\0\n]{1,255}$/.test(part) && part !== '.' && part !== '..');
  if (valid) return path;
  throw new WaggleError('MALFORMED', `${describe(path)} is not the path of a control group`, {
    hint: 'Write it relative to the root: waggle/web',
  });
}

function processesOf(directory: string): number[] {
  const pids = fs.readFileSync(`${directory}/cgroup.procs`, 'utf8').split('\n').map(Number);
  // A process of an outer pid namespace shows as 0, which would mean "myself" if it were written back.
  return pids.filter((pid) => pid > 0);
}

function moveProcess(pid: number, directory: string, object: string): void {
  fileOperation('move', object, () =>
    fs.writeFileSync(`${directory}/cgroup.procs`, `${pid}\n`, { flag: 'a' }),
  );
}

function removeDirectory(directory: string, refuge: string, object: string): void {
  for (const entry of fileOperation('remove', object, () =>
    fs.readdirSync(directory, { withFileTypes: true }),
  )) {
    if (entry.isDirectory()) removeDirectory(`${directory}/${entry.name}`, refuge, object);
  }
  for (let round = 1; ; round++) {
    for (const pid of processesOf(directory)) evict(pid, refuge, object);
    try {
      fs.rmdirSync(directory);
      return;
    } catch (error) {
      if (errorNumber(error) !== errno.EBUSY || round === EVICTION_ROUNDS) {
        throw fileError(error, 'remove', object);
      }
      pause();
    }
  }
}

function evict(pid: number, refuge: string, object: string): void {
  try {
    moveProcess(pid, refuge, `process ${pid} out of ${object}`);
  } catch (error) {
    // It ended before it could be moved.
    if (errorNumber(error) !== errno.ESRCH) throw error;
  }
}

/** A millisecond for processes that are on their way out. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}
