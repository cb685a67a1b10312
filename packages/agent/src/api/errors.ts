/** Errors as answers: the status that the field gives for each kind, and a JSON string that says what to do. */
import { type ErrorCode, WaggleError } from '@waggle/bpf';

/** By the code of the error; what is not here is a failure of the agent itself. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  WRONG_TYPE: 400,
  OUT_OF_RANGE: 400,
  UNKNOWN_FIELD: 400,
  MISSING_FIELD: 400,
  WRONG_SIZE: 400,
  MALFORMED: 400,
  INVALID: 400,
  DENIED: 403,
  NOT_FOUND: 404,
  EXISTS: 409,
  NOT_SUPPORTED: 501,
  BUSY: 503,
  FULL: 503,
  CLOSED: 503,
};

/** A body beyond what its path allows. */
export class BodyTooBig extends WaggleError {
  constructor(limit: number) {
    super('OUT_OF_RANGE', `The body is bigger than ${limit} bytes, the most for this path`, {
      hint: 'Send it in parts',
    });
  }
}

/** What is answered to a request that failed. */
export interface Failure {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** Whether it is a mistake of the agent's: for its log. */
  readonly unexpected: boolean;
}

/**
 * Makes an answer of an error. Of one that is not ours nothing is told: its message may hold what is not for everybody.
 *
 * @param statusOf - Where a path has another status for a code than usual.
 */
export function failureOf(error: unknown, statusOf: Partial<Record<ErrorCode, number>> = {}): Failure {
  if (!(error instanceof WaggleError))
    return {
      status: 500,
      code: 'SYSTEM',
      message: 'The agent failed in a way that it does not know. Its log says more; please report it.',
      unexpected: true,
    };
  const { code, message } = error;
  const status = error instanceof BodyTooBig ? 413 : (statusOf[code] ?? STATUS[code] ?? 500);
  return { status, code, message, unexpected: status === 500 };
}
