/**
 * One run of the command line, and what becomes of its errors. A user sees one sentence and what to do next; the stack is for
 * those who set WAGGLE_DEBUG.
 */
import { WaggleError } from '@waggle/bpf/messages';
import { CommanderError } from 'commander';
import { commandLine } from './command-line.ts';
import { type Context, ExitCode } from './context.ts';

/**
 * Runs one command.
 * @param args what follows `waggle` on the command line.
 * @param streams where it writes.
 * @returns the exit code of the process.
 */
export async function run(
  args: readonly string[],
  { stdout, stderr }: Pick<Context, 'stdout' | 'stderr'> = process,
): Promise<number> {
  const context: Context = { stdout, stderr, exitCode: ExitCode.ok, errorCode: ExitCode.failure };
  try {
    await commandLine(context).parseAsync(args, { from: 'user' });
    return context.exitCode;
  } catch (error) {
    // Commander has printed its message already; help and version that were asked for are no errors.
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
    stderr.write(`waggle: ${errorText(error)}\n`);
    return context.errorCode;
  }
}

/** What a user gets to read of an error. */
export function errorText(error: unknown, debug = process.env.WAGGLE_DEBUG): string {
  const wantsStack = debug !== undefined && debug !== '' && debug !== '0';
  if (wantsStack) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (error instanceof WaggleError) return error.message;
  const message = error instanceof Error ? error.message : String(error);
  return `unexpected error: ${message}\nThis is a fault of waggle; WAGGLE_DEBUG=1 shows where it happened.`;
}
