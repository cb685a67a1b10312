/**
 * What the agent remembers on disk: a directory of JSON documents, one file each, of which each has an owner that declares its
 * form. One process at a time has the directory; the kernel ends its lock with it, however it ends.
 *
 * A disk that is full or broken does not stop the agent: what is in force stays in memory and in the kernel, `problems` says what
 * is not saved, and it is tried again.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, WaggleError } from '@waggle/bpf';
import { lockDirectory } from '@waggle/kernel';
import { replaceFile, replaceFileSync } from './atomic-file.ts';
import { DocumentWriter, type WriterTiming } from './document-writer.ts';
import { type DocumentKind, readDocument, StateDocument } from './state-document.ts';
import { saveError } from './state-error.ts';

export interface StateStoreOptions {
  /** Documents to move aside and begin anew. */
  readonly discard?: readonly string[];
  readonly timing?: Partial<WriterTiming>;
  /** Gets every failure to save; `problems` has those that last. */
  readonly onProblem?: (problem: WaggleError) => void;
}

/** A document that is not on disk as it is in memory. */
export interface StateProblem {
  readonly document: string;
  readonly error: WaggleError;
}

const DEFAULT_TIMING: WriterTiming = { delay: 50, retry: 1000, longestRetry: 30_000 };
/** Says who has the directory. It is not the lock: it stays when its writer is killed. */
const OWNER_FILE = 'agent.pid';

export class StateStore {
  readonly directory: string;
  readonly #lock: Disposable;
  readonly #timing: WriterTiming;
  readonly #onProblem: (problem: WaggleError) => void;
  readonly #writers = new Map<string, DocumentWriter>();

  private constructor(directory: string, lock: Disposable, options: StateStoreOptions) {
    this.directory = directory;
    this.#lock = lock;
    this.#timing = { ...DEFAULT_TIMING, ...options.timing };
    this.#onProblem = options.onProblem ?? (() => {});
  }

  /**
   * Opens the state, making its directory (mode 0700) if need be.
   * @throws WaggleError BUSY when another agent has it, DENIED when others could change it.
   */
  static open(directory: string, options: StateStoreOptions = {}): StateStore {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    checkPrivate(directory);
    const lock = lockFor(directory);
    try {
      writeOwner(directory);
      const store = new StateStore(directory, lock, options);
      for (const name of options.discard ?? []) store.#discard(name);
      return store;
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Opens a document, once for each kind.
   * @throws StateCorruptError; WaggleError NOT_SUPPORTED when another version of waggle wrote it.
   */
  document<Content>(kind: DocumentKind<Content>): StateDocument<Content> {
    const file = this.#fileOf(kind.name);
    if (this.#writers.has(kind.name))
      throw new WaggleError('BUSY', `the state "${kind.name}" is open already`);
    const found = readDocument(kind, file);
    const writer = new DocumentWriter(
      this.#timing,
      (text) => replaceFile(file, text),
      (error) => saveError(kind.name, file, error),
      this.#onProblem,
    );
    this.#writers.set(kind.name, writer);
    return new StateDocument(kind, found, writer, (text) => {
      try {
        replaceFileSync(file, text);
      } catch (error) {
        throw saveError(kind.name, file, error);
      }
    });
  }

  /** What is not saved, and why. */
  problems(): StateProblem[] {
    return [...this.#writers].flatMap(([document, { problem: error }]) =>
      error === undefined ? [] : [{ document, error }],
    );
  }

  /**
   * Answers when all documents are on disk.
   * @throws WaggleError for the first that cannot be written; all are tried.
   */
  async flush(): Promise<void> {
    const outcomes = await Promise.allSettled([...this.#writers.values()].map((writer) => writer.flush()));
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  /**
   * Saves what is to be saved and lets go of the directory.
   * @throws WaggleError when something could not be saved; it is let go of all the same.
   */
  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      for (const writer of this.#writers.values()) writer.stop();
      this.#lock[Symbol.dispose]();
    }
  }

  #discard(name: string): void {
    const file = this.#fileOf(name);
    if (!existsSync(file)) {
      throw new WaggleError('NOT_FOUND', `there is no state "${name}" in ${this.directory} to discard`);
    }
    const time = new Date().toISOString().replaceAll(/[-:]/g, '').slice(0, 15);
    renameSync(file, `${file}.discarded-${time}`);
  }

  #fileOf(name: string): string {
    if (/^[a-z][a-z0-9-]{0,62}$/.test(name)) return join(this.directory, `${name}.json`);
    throw new WaggleError('MALFORMED', `${describe(name)} is not a name of a state document`, {
      hint: 'It is of lower case letters, digits and hyphens',
    });
  }
}

/** Others may not write there: who can replace the state of the agent can do what the agent can. */
function checkPrivate(directory: string): void {
  const { mode, uid } = statSync(directory);
  if ((mode & 0o022) === 0 && (uid === process.geteuid?.() || uid === 0)) return;
  throw new WaggleError('DENIED', `others can change what is in the state directory ${directory}`, {
    hint: 'Give it to root with mode 0700, or name another directory',
  });
}

function lockFor(directory: string): Disposable {
  try {
    return lockDirectory(directory, 0);
  } catch (error) {
    if (!(error instanceof WaggleError && error.code === 'BUSY')) throw error;
    throw new WaggleError(
      'BUSY',
      `another agent runs${ownerOf(directory)} and has the state directory ${directory}`,
      { hint: 'Stop it first, or give this one a state directory of its own', cause: error },
    );
  }
}

function ownerOf(directory: string): string {
  try {
    const text = readFileSync(join(directory, OWNER_FILE), 'utf8').trim();
    return /^\d+$/.test(text) ? ` (pid ${text})` : '';
  } catch {
    // It is about to write it.
    return '';
  }
}

function writeOwner(directory: string): void {
  try {
    writeFileSync(join(directory, OWNER_FILE), `${process.pid}\n`, { mode: 0o600 });
  } catch (error) {
    // A full disk does not keep the agent from starting; the lock holds without a name on it.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  }
}
