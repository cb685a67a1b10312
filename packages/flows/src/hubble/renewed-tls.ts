/**
 * Certificates are renewed while a server runs: whoever renews them writes the files anew, or lets a link point elsewhere. They are
 * looked at when somebody connects, which needs no watching and misses nothing that matters; files that cannot be used, as in the
 * moment in which there is a new certificate and still the old key, leave in force what there was.
 */
import { statSync } from 'node:fs';
import { readTls, type TlsFiles, type TlsMaterial } from './tls-files.ts';

export class RenewedTls {
  readonly #files: TlsFiles;
  readonly #onProblem: (message: string) => void;
  #material: TlsMaterial;
  #state: string;

  /**
   * @param onProblem - Told once for each change that leaves files that cannot be used.
   * @throws WaggleError as {@link readTls} does: there is nothing to keep yet.
   */
  constructor(files: TlsFiles, onProblem: (message: string) => void) {
    this.#files = files;
    this.#onProblem = onProblem;
    this.#state = stateOf(files);
    this.#material = readTls(files);
  }

  /** What is in force. */
  get material(): TlsMaterial {
    return this.#material;
  }

  /** Reads files that have changed. @returns whether something else is in force now. */
  renew(): boolean {
    // Before they are read: what changes in the meantime is seen the next time.
    const state = stateOf(this.#files);
    if (state === this.#state) return false;
    this.#state = state;
    try {
      this.#material = readTls(this.#files);
      return true;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#onProblem(
        `The certificate of Hubble's API was not renewed, the one before stays in force: ${why}`,
      );
      return false;
    }
  }
}

/** Differs when a file has become another, or has been written. */
const stateOf = (files: TlsFiles): string =>
  [files.cert, files.key, files.ca].map((file) => (file === undefined ? '' : stateOfFile(file))).join();

function stateOfFile(file: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(':');
  } catch (error) {
    return String(error);
  }
}
