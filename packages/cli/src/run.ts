/**
 * The command line as a whole: its commands, one file each, and what becomes of their errors. A user sees one sentence and
 * what to do next; the stack is for those who set WAGGLE_DEBUG.
 */
import { WaggleError } from '@waggle/bpf/messages';
import { Command, CommanderError } from 'commander';
import { addCompile } from './compile.ts';
import { type Context, ExitCode } from './context.ts';
import { addDoctor } from './doctor.ts';
import { addPolicy } from './policy.ts';
import { addSteer } from './steer.ts';
import { addVersion, versionText } from './version.ts';

const EXAMPLES = `
Examples:
  waggle doctor             what this host can do, and whether waggle can run on it
  waggle doctor -o json     the same for programs
  waggle compile x.bpf.ts   the code of the programs in a module
  waggle steer --help       one listening socket for many ports and prefixes
  waggle policy --help      what a policy allows, and why
  waggle help doctor        all about one command

Environment:
  WAGGLE_DEBUG=1            print the stack trace of an error
  NO_COLOR=1                no colours`;

/**
 * Runs one command.
 * @param args what follows `waggle` on the command line.
 * @param streams where it writes.
 * @returns the exit code of the process.
 */
export async function run(
  args: readonly string[],
  { stdout, stderr }: Pick<Context, 'stdout' | 'stderr'> = process,
): Promise<ExitCode> {
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

function commandLine(context: Context): Command {
  const program = new Command('waggle')
    .description('Identity-based networking, security and observability with eBPF.')
    .version(versionText(), '-v, --version', 'print the versions of waggle, node and the kernel')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help on a command')
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('Run waggle --help to see what there is.')
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'waggle: ')),
    })
    .exitOverride();
  addDoctor(program, context);
  addCompile(program, context);
  addSteer(program, context);
  addPolicy(program, context);
  addVersion(program, context);
  return program;
}

/** What a user gets to read of an error. */
export function errorText(error: unknown, debug = process.env.WAGGLE_DEBUG): string {
  const wantsStack = debug !== undefined && debug !== '' && debug !== '0';
  if (wantsStack) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (error instanceof WaggleError) return error.message;
  const message = error instanceof Error ? error.message : String(error);
  return `unexpected error: ${message}\nThis is a fault of waggle; WAGGLE_DEBUG=1 shows where it happened.`;
}
