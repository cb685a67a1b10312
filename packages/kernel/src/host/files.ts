/**
 * The kernel's file systems (proc, sysfs, cgroup, nsfs) answer with errno like its system calls do; what Node makes of
 * that names a path and a libuv call. Here it becomes the {@link KernelError} that says what was tried.
 */
import { mkdirSync } from 'node:fs';
import { KernelError, type KernelErrorOptions } from '../errors.ts';
import { errno } from '../sys/errno.ts';

/**
 * Runs a synchronous function of node:fs.
 * @throws KernelError for an error that the kernel gave.
 */
export function fileOperation<Result>(
  operation: string,
  object: string,
  run: () => Result,
  options?: KernelErrorOptions,
): Result {
  try {
    return run();
  } catch (error) {
    throw fileError(error, operation, object, options);
  }
}

/**
 * Makes sure that a directory exists; the one above it has to. (Node's recursive mkdir is not to be used in the kernel's file
 * systems: where the kernel answers ENOENT to a mkdir in a directory that exists, as in /proc, it never returns.)
 * @throws KernelError
 */
export function makeDirectory(
  path: string,
  mode: number,
  operation: string,
  object: string,
  options?: KernelErrorOptions,
): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (errorNumber(error) !== errno.EEXIST) throw fileError(error, operation, object, options);
  }
}

/** The {@link KernelError} for what node:fs threw; the same error when it came from elsewhere. */
export function fileError(
  error: unknown,
  operation: string,
  object: string,
  options?: KernelErrorOptions,
): unknown {
  const number = errorNumber(error);
  return number === undefined
    ? error
    : new KernelError(operation, object, number, { ...options, cause: error });
}

/** The error number of a node:fs error or a KernelError, positive; undefined for any other error. */
export function errorNumber(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errno' in error) || typeof error.errno !== 'number') return undefined;
  // libuv's numbers are negative.
  return Math.abs(error.errno);
}
