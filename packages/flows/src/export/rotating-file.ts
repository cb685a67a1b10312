/**
 * A file of lines that is put aside when it is full: `flows.log` becomes `flows.log.1`, that becomes `flows.log.2`, and the oldest one is
 * removed. A line is never cut in two.
 */
import { mkdirSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

export class RotatingFile {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #backups: number;
  #handle: FileHandle | undefined;
  #size = 0;

  /** @param backups - How many full ones are kept; 0: none. */
  constructor(path: string, maxBytes: number, backups: number) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#backups = backups;
  }

  /**
   * Adds whole lines. What was not written when this fails may be written again: nothing of it is in the file then.
   * @throws what the file system says.
   */
  async append(lines: string): Promise<void> {
    const bytes = Buffer.from(lines);
    await this.#open();
    if (this.#size > 0 && this.#size + bytes.length > this.#maxBytes) await this.#rotate();
    const handle = await this.#open();
    const before = this.#size;
    try {
      for (let written = 0; written < bytes.length; ) {
        written += (await handle.write(bytes, written)).bytesWritten;
      }
      this.#size += bytes.length;
    } catch (error) {
      await handle.truncate(before).catch(() => {});
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  async #open(): Promise<FileHandle> {
    if (this.#handle) return this.#handle;
    mkdirSync(dirname(this.#path), { recursive: true });
    const handle = await open(this.#path, 'a', 0o640);
    this.#size = (await handle.stat()).size;
    this.#handle = handle;
    return handle;
  }

  async #rotate(): Promise<void> {
    await this.close();
    const nameOf = (number: number): string => (number === 0 ? this.#path : `${this.#path}.${number}`);
    await rm(nameOf(this.#backups), { force: true });
    for (let number = this.#backups - 1; number >= 0; number--) {
      await rename(nameOf(number), nameOf(number + 1)).catch(ignoreMissing);
    }
    this.#size = 0;
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
