/** The files that a user means by a path: a file itself, or all files of policies in a directory. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { WaggleError } from '@waggle/bpf/messages';

const ENDINGS = /\.(ya?ml|json)$/;

/**
 * A file, or of a directory all files whose names end in .yaml, .yml or .json.
 *
 * @param endpoints - A file of endpoints, which may lie in the same directory.
 * @throws {@link WaggleError} NOT_FOUND for a path that is not there, or a directory without such a file.
 */
export function policyFilesOf(path: string, endpoints?: string): string[] {
  if (!statSync(path, { throwIfNoEntry: false })) {
    throw new WaggleError('NOT_FOUND', `There is no file or directory ${path}`);
  }
  if (!statSync(path).isDirectory()) return [path];
  const files = readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => ENDINGS.test(name))
    .map((name) => join(path, name))
    .filter((file) => endpoints === undefined || resolve(file) !== resolve(endpoints))
    .sort();
  if (files.length > 0) return files;
  throw new WaggleError('NOT_FOUND', `The directory ${path} holds no policies`, {
    hint: 'Policies are files whose names end in .yaml, .yml or .json',
  });
}

/** @throws {@link WaggleError} NOT_FOUND for a file that cannot be read. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? `: ${cause.message}` : '';
    throw new WaggleError('NOT_FOUND', `${file} cannot be read${why}`, { cause });
  }
}
