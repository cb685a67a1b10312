/** Errors of waggle as clients of gRPC get them: a status code, and the sentence that everybody else reads, too. */
import { Code, ConnectError } from '@connectrpc/connect';
import { type ErrorCode, WaggleError } from '@waggle/bpf/messages';

const CODES: Partial<Record<ErrorCode, Code>> = {
  MALFORMED: Code.InvalidArgument,
  OUT_OF_RANGE: Code.InvalidArgument,
  UNKNOWN_FIELD: Code.InvalidArgument,
  WRONG_TYPE: Code.InvalidArgument,
  NOT_SUPPORTED: Code.Unimplemented,
  NOT_FOUND: Code.NotFound,
  BUSY: Code.ResourceExhausted,
  FULL: Code.ResourceExhausted,
  DENIED: Code.PermissionDenied,
  CLOSED: Code.Unavailable,
};

/** What a client gets for an error. */
export function serviceError(error: unknown): ConnectError {
  if (error instanceof ConnectError) return error;
  if (!(error instanceof WaggleError)) return ConnectError.from(error, Code.Internal);
  return new ConnectError(error.message, CODES[error.code] ?? Code.Internal, undefined, undefined, error);
}
