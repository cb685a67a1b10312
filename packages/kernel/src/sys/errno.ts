/**
 * Error numbers: names for programs, words for people. A system call of this folder returns `-errno` like the
 * kernel itself does, so the hot paths compare numbers and only a failure that is reported becomes an object.
 */
import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';

/** The kernel-internal "operation not supported", which bpf(2) lets through to user space (include/linux/errno.h). */
const ENOTSUPP = 524;

/** Numbers by name, e.g. `errno.ENOENT`; those of this platform, plus ENOTSUPP. */
export const errno = { ...constants.errno, ENOTSUPP } as const;

/** Of two names for one number, those that the kernel uses. */
const preferred = ['EAGAIN', 'EOPNOTSUPP', 'EDEADLK'];

const names = new Map<number, string>();
for (const [name, number] of Object.entries(errno)) {
  if (!names.has(number) || preferred.includes(name)) names.set(number, name);
}

/** The words for error numbers that Node's own table lacks, or has other words for. */
const words: Readonly<Record<string, string>> = {
  ENOTSUPP: 'operation is not supported',
  EOPNOTSUPP: 'operation not supported',
  ENOLINK: 'link has been severed',
  EBADMSG: 'bad message',
  ESTALE: 'stale handle',
  EDOM: 'argument out of domain',
  ERANGE: 'result too large',
  EDQUOT: 'quota exceeded',
  ENOSR: 'out of streams resources',
  EIDRM: 'identifier removed',
};

/** The symbolic name of an error number, `errno 999` when it has none. */
export function errnoName(number: number): string {
  return names.get(number) ?? `errno ${number}`;
}

/** What an error number means, in lower case words: `permission denied`. */
export function errnoText(number: number): string {
  return words[errnoName(number)] ?? getSystemErrorMap().get(-number)?.[1] ?? 'unknown error';
}
