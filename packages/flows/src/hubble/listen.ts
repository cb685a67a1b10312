/** Where a server listens: on a unix socket that appears with its permissions, or at an address and port. */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import type { Server } from 'node:net';
import { dirname, join } from 'node:path';
import { WaggleError } from '@waggle/bpf/messages';
import { isSocketAlive } from './socket-alive.ts';

/** Bytes that the kernel allows for the path of a socket, unix(7). */
const LONGEST_PATH = 107;
/** Owner and group may connect. */
const MODE = 0o660;

/**
 * Listens on a unix socket; one that a server that ended has left is replaced.
 * @param group - Whose members may connect, too; default: that of the process.
 * @returns What takes the path away, if it is still this socket's.
 * @throws WaggleError EXISTS when somebody answers there, or it is no socket; OUT_OF_RANGE for a path that is too long.
 */
export async function listenOnSocket(server: Server, path: string, group?: number): Promise<() => void> {
  await checkFree(path);
  // Where it is made is a longer path.
  if (Buffer.byteLength(path) > LONGEST_PATH - '/.new-XXXXXX'.length)
    throw new WaggleError('OUT_OF_RANGE', `The path of the socket ${path} is too long for the kernel`, {
      hint: 'Choose a shorter one',
    });
  const directory = dirname(path);
  mkdirSync(directory, { recursive: true });
  // Made where nobody else can enter, then moved: at its path it never has other permissions.
  const nursery = mkdtempSync(join(directory, '.new-'));
  const made = join(nursery, 's');
  try {
    await listening(server, { path: made });
    chmodSync(made, MODE);
    if (group !== undefined) chownSync(made, -1, group);
    renameSync(made, path);
  } finally {
    rmSync(nursery, { recursive: true, force: true });
  }
  const { ino } = statSync(path);
  return () => {
    if (statSync(path, { throwIfNoEntry: false })?.ino === ino) rmSync(path, { force: true });
  };
}

/** Listens at an address. @throws WaggleError BUSY, DENIED, NOT_FOUND */
export async function listenAt(
  server: Server,
  { host, port }: { host: string; port: number },
): Promise<void> {
  try {
    await listening(server, { host, port });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const at = `${host}:${port}`;
    if (code === 'EADDRINUSE')
      throw new WaggleError('BUSY', `Somebody else listens at ${at}`, { hint: 'Choose another port', cause });
    if (code === 'EACCES')
      throw new WaggleError('DENIED', `This user may not listen at ${at}`, {
        hint: 'Choose a port above 1023',
        cause,
      });
    throw new WaggleError('NOT_FOUND', `Nobody can listen at ${at} on this host (${code})`, {
      hint: 'Name an address of this host, or 0.0.0.0 for all',
      cause,
    });
  }
}

const listening = (
  server: Server,
  where: { readonly path: string } | { readonly host: string; readonly port: number },
): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });

async function checkFree(path: string): Promise<void> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isSocket())
    throw new WaggleError('EXISTS', `${path} is there, and is no socket`, {
      hint: 'Move it away, or choose another path for the socket',
    });
  if (await isSocketAlive(path))
    throw new WaggleError('EXISTS', `Another server answers at ${path}`, {
      hint: 'End it first, or choose another path for the socket',
    });
}
