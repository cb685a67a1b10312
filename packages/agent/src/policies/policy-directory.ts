/**
 * A directory of policies that is watched: its files are in force as they are. A file that cannot be read or understood changes
 * nothing: what was in force stays, until it is mended.
 */
import { type FSWatcher, readdirSync, readFileSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import { WaggleError } from '@waggle/bpf';

/** Editors and tools write a file in several steps. */
const QUIET = 50;
/** Not everything is told by inotify (network file systems, a directory that is exchanged). */
const ANYWAY = 10_000;
const SUFFIX = /\.(ya?ml|json)$/;

export interface PolicyDirectoryOptions {
  /** Gets the text of each file, by its path, whenever one has changed. What it throws is told to `onProblem`. */
  readonly onFiles: (files: ReadonlyMap<string, string>) => void;
  /** Told once for each problem; undefined when all is well again. */
  readonly onProblem: (problem: Error | undefined) => void;
}

export class PolicyDirectory implements Disposable {
  readonly #path: string;
  readonly #options: PolicyDirectoryOptions;
  #watcher: FSWatcher | undefined;
  #soon: NodeJS.Timeout | undefined;
  readonly #anyway: NodeJS.Timeout;
  #seen: string | undefined;
  #problem: string | undefined;

  /** Reads it for the first time, and watches it from then on. */
  constructor(path: string, options: PolicyDirectoryOptions) {
    this.#path = path;
    this.#options = options;
    this.#anyway = setInterval(() => this.read(), ANYWAY);
    this.#anyway.unref();
    this.read();
  }

  /** What is wrong with it at the moment. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Reads it, and tells what has changed. */
  read(): void {
    this.#watch();
    try {
      const files = readFiles(this.#path);
      const seen = JSON.stringify([...files]);
      if (seen !== this.#seen) {
        this.#seen = seen;
        this.#options.onFiles(files);
        this.#tell(undefined);
      } else if (this.#problem?.startsWith(UNREADABLE)) {
        this.#tell(undefined);
      }
    } catch (error) {
      this.#tell(error instanceof Error ? error : new Error(String(error)));
    }
  }

  close(): void {
    this.#watcher?.close();
    clearTimeout(this.#soon);
    clearInterval(this.#anyway);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #tell(problem: Error | undefined): void {
    if (problem?.message === this.#problem) return;
    this.#problem = problem?.message;
    this.#options.onProblem(problem);
  }

  #watch(): void {
    if (this.#watcher) return;
    try {
      this.#watcher = watch(this.#path, { persistent: false }, () => {
        clearTimeout(this.#soon);
        this.#soon = setTimeout(() => this.read(), QUIET);
        this.#soon.unref();
      });
      const again = (): void => {
        this.#watcher?.close();
        this.#watcher = undefined;
      };
      this.#watcher.on('error', again).on('close', again);
    } catch {
      // It is not there (yet): read() says so, and looks again.
    }
  }
}

const UNREADABLE = 'cannot read';

function readFiles(path: string): Map<string, string> {
  const read = <T>(file: string, operation: () => T): T => {
    try {
      return operation();
    } catch (error) {
      const reason = error instanceof Error && 'code' in error ? error.code : error;
      throw new WaggleError('NOT_FOUND', `${UNREADABLE} ${file}: ${reason}`);
    }
  };
  const names = read(path, () => readdirSync(path)).filter(
    (name) => SUFFIX.test(name) && !name.startsWith('.'),
  );
  const files = names.sort().map((name) => join(path, name));
  const regular = files.filter((file) => read(file, () => statSync(file)).isFile());
  return new Map(regular.map((file) => [file, read(file, () => readFileSync(file, 'utf8'))]));
}
