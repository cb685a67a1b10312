/** What a command gets from the process that it runs in, so that a test can give it something else. */

/** Where a command writes. */
export interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Exit codes of every command: done; could not be done, or the answer is no; used wrongly. */
export const ExitCode = { ok: 0, failure: 1, usage: 2 } as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** One run of the command line. */
export interface Context {
  /** Results, for people and for pipes. */
  readonly stdout: Stream;
  /** Errors and progress. */
  readonly stderr: Stream;
  /** Set by a command whose answer is no; `waggle run` has that of what it ran. */
  exitCode: number;
  /** What an error ends with; other than 1 for commands of which 1 is an answer. */
  errorCode: ExitCode;
}
