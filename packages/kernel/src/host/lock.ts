/** Locks between processes that change the same things, as flock(2) on a directory: gone with its holder, however that ends. */
import { openSync } from 'node:fs';
import { WaggleError } from '@waggle/bpf';
import { check } from '../errors.ts';
import { Descriptor } from '../sys/descriptor.ts';
import { errno } from '../sys/errno.ts';
import * as libc from '../sys/libc.ts';
import { fileOperation } from './files.ts';

const LOCK_EX = 2;
const LOCK_NB = 4;
/** Milliseconds between two attempts. */
const PAUSE = 20;

/**
 * Locks a directory until the result is disposed of. Waits, and stops this thread meanwhile.
 * @param patience milliseconds to wait for another holder.
 * @throws WaggleError BUSY when another process does not let go; KernelError NOT_FOUND.
 */
export function lockDirectory(path: string, patience = 5000): Disposable {
  const object = `directory ${path}`;
  const descriptor = new Descriptor(
    fileOperation('open', object, () => openSync(path, 'r')),
    object,
  );
  const lock = { [Symbol.dispose]: () => descriptor.close() };
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let waited = 0; ; waited += PAUSE) {
    const result = libc.flock(descriptor.fd, LOCK_EX | LOCK_NB);
    if (result === 0) return lock;
    if (result === -errno.EAGAIN && waited < patience) {
      Atomics.wait(pause, 0, 0, PAUSE);
      continue;
    }
    descriptor.close();
    if (result !== -errno.EAGAIN) check(result, 'lock', object);
    throw new WaggleError('BUSY', `another process is changing ${path}`, {
      hint: 'Wait for it to end; the lock ends with its process',
    });
  }
}
