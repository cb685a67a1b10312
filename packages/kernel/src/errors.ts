/**
 * A kernel "no". `KernelError` says which operation on which object failed, with which errno, and what to do next:
 *
 *     create map "counters": EPERM (operation not permitted). Run as root, or grant CAP_BPF
 */
import { type ErrorCode, WaggleError, type WaggleErrorOptions } from '@waggle/bpf';
import { errno, errnoName, errnoText } from './sys/errno.ts';

/** The code that an errno stands for when the caller has nothing better to say. */
const codes = new Map<number, ErrorCode>([
  [errno.EPERM, 'DENIED'],
  [errno.EACCES, 'DENIED'],
  [errno.ENOENT, 'NOT_FOUND'],
  [errno.ENODEV, 'NOT_FOUND'],
  [errno.ENXIO, 'NOT_FOUND'],
  [errno.ESRCH, 'NOT_FOUND'],
  [errno.EEXIST, 'EXISTS'],
  [errno.EBUSY, 'BUSY'],
  [errno.E2BIG, 'FULL'],
  [errno.ENOSPC, 'FULL'],
  [errno.ENOMEM, 'FULL'],
  [errno.EMFILE, 'FULL'],
  [errno.ENFILE, 'FULL'],
  [errno.EINVAL, 'INVALID'],
  [errno.ENOSYS, 'NOT_SUPPORTED'],
  [errno.EOPNOTSUPP, 'NOT_SUPPORTED'],
  [errno.ENOTSUPP, 'NOT_SUPPORTED'],
]);

/** Options of {@link KernelError}: what to say instead of what the errno stands for. */
export interface KernelErrorOptions extends WaggleErrorOptions {
  readonly code?: ErrorCode;
  readonly reason?: string;
}

/** The kernel refused an operation. */
export class KernelError extends WaggleError {
  override readonly name: string = 'KernelError';
  /** What was tried, as a verb phrase: `create`, `attach to device`. */
  readonly operation: string;
  /** On what: `map "counters"`. */
  readonly object: string;
  /** The error number, positive. */
  readonly errno: number;
  /** Its name: `EPERM`. */
  readonly errnoName: string;

  /** @param number the error number, positive. */
  constructor(operation: string, object: string, number: number, options: KernelErrorOptions = {}) {
    super(
      options.code ?? codes.get(number) ?? 'SYSTEM',
      `${operation} ${object}: ${errnoName(number)} (${options.reason ?? errnoText(number)})`,
      options,
    );
    this.operation = operation;
    this.object = object;
    this.errno = number;
    this.errnoName = errnoName(number);
  }
}

/** Passes a result >= 0 through and throws the {@link KernelError} that `-errno` stands for. */
export function check(
  result: number,
  operation: string,
  object: string,
  options?: KernelErrorOptions,
): number {
  if (result < 0) throw new KernelError(operation, object, -result, options);
  return result;
}
