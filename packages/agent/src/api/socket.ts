/**
 * The agent's socket. It appears in one step, with its permissions: made in a directory of its own that nobody else can enter, then
 * moved. What a dead agent has left is replaced; a living agent is not.
 */
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import type { Server } from 'node:http';
import { dirname, join } from 'node:path';
import { WaggleError } from '@waggle/bpf';
import { isSocketAlive } from '@waggle/flows';

/** Owner and group may connect. */
const MODE = 0o660;

/** Bytes that the kernel allows for the path of a socket, less what the directory takes in which it is made. */
const LONGEST_PATH = 107;

/**
 * Lets a server listen.
 *
 * @param path - Of the socket; its directory is made if need be.
 * @param group - Whose members may connect, too. Default: that of the process.
 * @returns What closes the socket: takes the path away, if it is still this socket's.
 * @throws {@link WaggleError} EXISTS when another agent listens there.
 */
export async function listenOn(server: Server, path: string, group?: number): Promise<() => void> {
  const directory = dirname(path);
  mkdirSync(directory, { recursive: true });
  const nursery = mkdtempSync(join(directory, '.new-'));
  const made = join(nursery, 's');
  try {
    for (const each of [path, made])
      if (Buffer.byteLength(each) > LONGEST_PATH)
        throw new WaggleError('OUT_OF_RANGE', `The path of the socket ${path} is too long for the kernel`, {
          hint: 'Choose a shorter one',
        });
    await listening(server, made);
    chmodSync(made, MODE);
    if (group !== undefined) chownSync(made, -1, group);
    await publish(made, path);
  } catch (error) {
    server.close();
    throw error;
  } finally {
    rmSync(nursery, { recursive: true, force: true });
  }
  const { ino } = statSync(path);
  return () => {
    if (statSync(path, { throwIfNoEntry: false })?.ino === ino) rmSync(path, { force: true });
  };
}

const listening = (server: Server, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });

/** Gives the socket its path, unless somebody alive has it. A link, unlike a rename, never takes a path away from anybody. */
async function publish(made: string, path: string): Promise<void> {
  if (linked(made, path)) return;
  if (await removeStale(path, `${made}-stale`)) {
    if (linked(made, path)) return;
  }
  throw new WaggleError('EXISTS', `Another agent runs: it answers at ${path}`, {
    hint: 'End it first, or give this one a socket of its own',
  });
}

/** Takes a dead agent's socket away. @returns Whether the path is free now. */
async function removeStale(path: string, aside: string): Promise<boolean> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return true;
  if (!found.isSocket())
    throw new WaggleError('EXISTS', `${path} is there, and is no socket`, {
      hint: 'Move it away, or choose another path for the socket',
    });
  if (await isSocketAlive(path)) return false;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return true;
    throw error;
  }
  if (statSync(aside).ino === found.ino) return true;
  // Another agent has come in between, and was faster: it gets its path back.
  renameSync(aside, path);
  return false;
}

function linked(made: string, path: string): boolean {
  try {
    linkSync(made, path);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;
