/**
 * The one error family of waggle. Every error that a user may meet carries a stable `code` (for programs)
 * and one sentence (for people) that names the object, what is wrong with it and, in `hint`, what to do next.
 * Packages derive their own classes from it where they have more to say (errno, verifier log).
 */

/** What went wrong, in a word that programs may rely on. */
export type ErrorCode =
  // values and declarations
  | 'WRONG_TYPE' // a value of another type than declared
  | 'OUT_OF_RANGE' // a number that its type cannot hold
  | 'UNKNOWN_FIELD' // a field that the struct does not have
  | 'MISSING_FIELD' // a field that the struct has and the value lacks
  | 'WRONG_SIZE' // bytes or an array of another length than declared
  | 'BAD_DECLARATION' // a struct, map, program or config that cannot be declared like this
  | 'MALFORMED' // bytes from outside that do not parse
  // kernel objects
  | 'CLOSED' // the object was closed before
  | 'NOT_FOUND' // no such key, pin, device, namespace …
  | 'EXISTS' // there is one already
  | 'BUSY' // in use by somebody else
  | 'FULL' // no room (map, queue, file descriptors, memory)
  | 'DENIED' // not enough privilege
  | 'LOCKED_DOWN' // refused to everyone by kernel lockdown
  | 'NOT_SUPPORTED' // too old a kernel, or not built in
  | 'VERIFIER_REJECTED' // the program was loaded and refused
  | 'INVALID' // the kernel found an argument invalid
  | 'SYSTEM'; // any other errno

/** Options of {@link WaggleError}: what to do next, and the error that led here. */
export interface WaggleErrorOptions {
  readonly hint?: string;
  readonly cause?: unknown;
}

/**
 * An error with a stable code. `message` is complete by itself; the hint is its last sentence, or where it begins with a
 * line break, lines of its own.
 */
export class WaggleError extends Error {
  override readonly name: string = 'WaggleError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: WaggleErrorOptions = {}) {
    const { hint } = options;
    super(
      hint === undefined ? message : `${sentence(message)}${hint.startsWith('\n') ? ':' : '. '}${hint}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.hint = hint;
  }
}

/** Without the full stop, which comes before the hint in any case. */
const sentence = (message: string): string => (message.endsWith('.') ? message.slice(0, -1) : message);
