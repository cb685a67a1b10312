/**
 * A file that is replaced as a whole: after a crash of the process or of the machine there is the old content or the new one.
 * So the new content is on the disk before the name points to it, and the name before anybody is told that it is saved.
 */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Writes a file; when this throws, what was there before is still there. One writer at a time: the temporary file has one name,
 * so that crashes leave no more than one.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  // While the disk is at it this thread may be busy elsewhere: what can be had before is not asked for in between.
  const directory = open(dirname(path), 'r');
  directory.catch(() => {});
  try {
    await writeThenRename(path, text);
    await (await directory).sync();
  } finally {
    await (await directory).close();
  }
}

async function writeThenRename(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  try {
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
      await rename(temporary, path);
    } finally {
      await file.close();
    }
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
}

/** The same, done when it returns: for what must not be done before it is remembered. */
export function replaceFileSync(path: string, text: string): void {
  const temporary = `${path}.now`;
  try {
    synchronizedSync(temporary, 'w', (file) => writeFileSync(file, text));
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  synchronizedSync(dirname(path), 'r', () => {});
}

function synchronizedSync(path: string, flags: string, write: (file: number) => void): void {
  const file = openSync(path, flags, 0o600);
  try {
    write(file);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
