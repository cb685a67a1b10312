/**
 * Mount namespaces: which file systems a process sees where. A child process that is started in a section gets what was mounted in
 * it, and keeps it; nobody else ever sees it.
 */
import { closeSync, constants, openSync, readlinkSync } from 'node:fs';
import { WaggleError } from '@waggle/bpf';
import { check, KernelError } from '../errors.ts';
import type { Section } from '../net/namespace.ts';
import * as libc from '../sys/libc.ts';
import { fileOperation } from './files.ts';

const CLONE_NEWNS = 0x20000;
const MS_REC = 0x4000;
const MS_SLAVE = 0x80000;
/** Names the directory without opening it. */
const O_PATH = 0o10000000;

const OBJECT = 'a mount namespace';
const CURRENT = '/proc/thread-self/ns/mnt';
const PRIVILEGE = { hint: 'Run as root, or grant CAP_SYS_ADMIN' };

/**
 * Runs a synchronous function with the calling thread in a new mount namespace, a copy of the one that it comes back to.
 *
 * From then on this thread has a working directory of its own: a later `process.chdir` does not count for Node's thread pool.
 * @throws KernelError DENIED without CAP_SYS_ADMIN; WaggleError NOT_SUPPORTED in a chroot, which the way back would leave. SYSTEM
 *   when the thread could not come back: the process has to end then.
 */
export function withOwnMounts<Result>(section: Section<Result>): Result {
  if (readlinkSync('/proc/thread-self/root') !== '/') {
    throw new WaggleError('NOT_SUPPORTED', `${OBJECT} cannot be made in a chroot`, {
      hint: 'Run it outside of the chroot',
    });
  }
  const home = fileOperation('open', 'the current mount namespace', () => openSync(CURRENT, 'r'));
  const directory = fileOperation('open', 'the working directory', () =>
    openSync('.', O_PATH | constants.O_DIRECTORY),
  );
  try {
    check(libc.unshare(CLONE_NEWNS), 'create', OBJECT, PRIVILEGE);
    try {
      // What is mounted here does not show up elsewhere; what is unmounted elsewhere goes here, too.
      check(libc.mount('', '/', 'none', MS_REC | MS_SLAVE, ''), 'set up', OBJECT, PRIVILEGE);
      return section();
    } finally {
      comeBack(home, directory);
    }
  } finally {
    closeSync(home);
    closeSync(directory);
  }
}

function comeBack(home: number, directory: number): void {
  let result = libc.setns(home, CLONE_NEWNS);
  // Entering a mount namespace leads to its root.
  if (result === 0) result = libc.fchdir(directory);
  if (result === 0) return;
  throw new KernelError('return to', 'the mount namespace of before', -result, {
    code: 'SYSTEM',
    hint: 'This thread sees the wrong file systems now; end the process',
  });
}
