/**
 * What kernel tests share: the reason to skip one where the kernel may not be touched, and things of their own to
 * touch, gone afterwards: a control group, a bpf file system (and in wire.ts, two hosts on a wire).
 */
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cgroup } from '../host/cgroup.ts';
import { mountBpffs, unmount } from '../host/mounts.ts';

/** For `test(name, { skip: needsRoot }, …)`: false when we are root, the reason otherwise. */
export const needsRoot: string | false =
  process.getuid?.() === 0 ? false : 'needs root, to create maps, programs and namespaces';

let count = 0;

/** A name that no other test, also of another process, uses; short enough for a network device. */
export const uniqueName = (): string => `wgt${process.pid}n${count++}`;

/** Runs `body` with a bpf file system of its own. */
export async function withBpffs<T>(body: (path: string) => T | Promise<T>): Promise<T> {
  const path = mkdtempSync(join(tmpdir(), 'waggle-bpffs-'));
  mountBpffs(path);
  try {
    return await body(path);
  } finally {
    unmount(path);
    rmdirSync(path);
  }
}

/** Runs `body` with a control group of its own. */
export async function withCgroup<T>(body: (cgroup: Cgroup) => T | Promise<T>): Promise<T> {
  const cgroup = Cgroup.create(uniqueName());
  try {
    return await body(cgroup);
  } finally {
    cgroup.remove();
  }
}
