/** What can be wrong with a state file, said so that whoever reads it in a log knows what stands, what is lost and what to do. */
import { WaggleError } from '@waggle/bpf';
import { KernelError } from '@waggle/kernel';

/** A state file cannot be understood. The agent does not start; traffic goes on under what is pinned in the kernel. */
export class StateCorruptError extends WaggleError {
  override readonly name = 'StateCorruptError';
  readonly file: string;
  /** Where in the file: `content.endpoints[3].id`, or what the JSON reader says. */
  readonly place: string;

  constructor(document: string, file: string, place: string, cause?: unknown) {
    super('MALFORMED', `the state file ${file} is damaged: ${place}`, {
      hint: `Nothing was changed, and traffic goes on as it was. Put back a copy of the file, or start with --discard-state ${document}, which moves it aside and begins anew`,
      cause,
    });
    this.file = file;
    this.place = place;
  }
}

/** The file was written by another version of waggle. */
export function versionError(document: string, file: string, found: number, known: number): WaggleError {
  const newer = found > known;
  return new WaggleError(
    'NOT_SUPPORTED',
    `the state file ${file} is of version ${found}, and this waggle ${newer ? `knows versions up to ${known}` : `can no longer read it`}`,
    {
      hint: `Start the waggle that wrote it, or start with --discard-state ${document}, which moves it aside and begins anew`,
    },
  );
}

/** A document could not be written. */
export function saveError(document: string, file: string, error: unknown): WaggleError {
  const number = error instanceof Error && 'errno' in error ? Math.abs(Number(error.errno)) : undefined;
  const hint = `The state "${document}" on disk is older than what is in force; the agent goes on with what it has in memory and tries again`;
  if (number === undefined) {
    return new WaggleError('SYSTEM', `save ${file}: ${error instanceof Error ? error.message : error}`, {
      hint,
      cause: error,
    });
  }
  return new KernelError('save', file, number, { hint, cause: error });
}
