/**
 * What is mounted where (proc(5), /proc/self/mountinfo). No path of a kernel file system is taken for granted: cgroup v2
 * is at /sys/fs/cgroup on most hosts, at /sys/fs/cgroup/unified on hybrid ones, and in a container anywhere.
 */
import * as fs from 'node:fs';
import { WaggleError } from '@waggle/bpf';
import { check } from '../errors.ts';
import * as libc from '../sys/libc.ts';
import { fileOperation, makeDirectory } from './files.ts';

const MS_BIND = 0x1000;

/** One mount, as this process sees it. */
export interface Mount {
  readonly id: number;
  readonly parentId: number;
  /** Which part of the file system is mounted: `/` for the whole. */
  readonly root: string;
  readonly mountPoint: string;
  /** Options of the mount: `rw`, `nosuid` … */
  readonly options: readonly string[];
  /** The type of the file system: `cgroup2`, `bpf`, `tmpfs` … */
  readonly type: string;
  readonly source: string;
  /** Options of the file system itself. */
  readonly superOptions: readonly string[];
}

/**
 * Reads the text of a mountinfo file, in its order: a later mount hides an earlier one at the same place.
 * @throws WaggleError MALFORMED
 */
export function parseMountInfo(text: string): Mount[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(parseLine);
}

/** `id parent major:minor root point options [optional fields …] - type source superOptions` */
function parseLine(line: string): Mount {
  const fields = line.split(' ');
  const separator = fields.indexOf('-', 6);
  const [id, parentId, , root, mountPoint, options] = fields;
  const [type, source, superOptions = ''] = separator === -1 ? [] : fields.slice(separator + 1);
  if (
    root === undefined ||
    mountPoint === undefined ||
    options === undefined ||
    type === undefined ||
    source === undefined
  ) {
    throw new WaggleError('MALFORMED', `this is no line of a mountinfo file: ${JSON.stringify(line)}`);
  }
  return {
    id: Number(id),
    parentId: Number(parentId),
    root: unescapeField(root),
    mountPoint: unescapeField(mountPoint),
    options: options.split(','),
    type: unescapeField(type),
    source: unescapeField(source),
    superOptions: superOptions.split(','),
  };
}

/** Space, tab, newline and backslash are written as a backslash and three octal digits. */
function unescapeField(field: string): string {
  if (!field.includes('\\')) return field;
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** All mounts of this process's mount namespace. */
export function listMounts(): Mount[] {
  const read = () => fs.readFileSync('/proc/self/mountinfo', 'utf8');
  return parseMountInfo(fileOperation('read', 'the table of mounts', read));
}

/** The first mount of a file system type: `findMount('cgroup2')`, `findMount('bpf')`. */
export function findMount(type: string): Mount | undefined {
  return listMounts().find((mount) => mount.type === type);
}

/**
 * Makes sure that a bpf file system is mounted at `path` (by convention /sys/fs/bpf), creating that directory if need be;
 * one that is there already stays.
 * @returns whether it was mounted now.
 * @throws KernelError DENIED without CAP_SYS_ADMIN, NOT_SUPPORTED when the kernel has no bpf file system.
 */
export function mountBpffs(path: string): boolean {
  const object = `the bpf file system at ${path}`;
  makeDirectory(path, 0o700, 'create', `directory ${path}`);
  const real = fs.realpathSync(path);
  // The last mount at a place is the one that is seen.
  if (listMounts().findLast((mount) => mount.mountPoint === real)?.type === 'bpf') return false;
  check(libc.mount('bpf', real, 'bpf', 0, 'mode=0700'), 'mount', object, {
    hint: 'Run as root, or grant CAP_SYS_ADMIN',
  });
  return true;
}

/**
 * Shows a file or a directory at another place, over what is there.
 * @throws KernelError NOT_FOUND when either is missing; DENIED without CAP_SYS_ADMIN.
 */
export function bindMount(source: string, target: string): void {
  check(libc.mount(source, target, 'none', MS_BIND, ''), 'mount', `${source} at ${target}`, {
    hint: 'Run as root, or grant CAP_SYS_ADMIN',
  });
}

/**
 * Unmounts what is mounted at `path`.
 * @throws KernelError INVALID when nothing is.
 */
export function unmount(path: string): void {
  check(libc.umount2(path, 0), 'unmount', path);
}
