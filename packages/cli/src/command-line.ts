/**
 * The command line as a whole: its commands, one file each, in the order and under the headings in which help shows them. Files
 * that add commands load nothing that takes long; what a command does is loaded when it runs.
 */
import { Command } from 'commander';
import { addAgent, addCleanup } from './agent.ts';
import { addCompile } from './compile.ts';
import { addCompletion } from './completion.ts';
import { addConfig } from './config.ts';
import type { Context } from './context.ts';
import { addDemo } from './demo.ts';
import { addDevice } from './device.ts';
import { addDoctor } from './doctor.ts';
import { addEndpoint } from './endpoint.ts';
import { addHubble } from './hubble.ts';
import { addIdentity } from './identity.ts';
import { addMap } from './map.ts';
import { addMonitor } from './monitor.ts';
import { addObserve } from './observe.ts';
import { styleFor } from './output.ts';
import { addPolicy } from './policy.ts';
import { addReport } from './report.ts';
import { addRun } from './run-workload.ts';
import { addStatus } from './status.ts';
import { addSteer } from './steer.ts';
import { addVersion } from './version.ts';
import { versionText } from './version-text.ts';

const EXAMPLES = `
Examples:
  waggle doctor             what this host can do, and whether waggle can run on it
  waggle agent              enforce policies, on a host of its own
  waggle status             how the agent and its parts are
  waggle policy apply x.yaml
  waggle help policy        all about one command

Environment:
  WAGGLE_SOCKET=PATH        the socket of the agent (default: /run/waggle/agent.sock)
  WAGGLE_DEBUG=1            print the stack trace of an error
  NO_COLOR=1                no colours`;

/** All commands. */
export function commandLine(context: Context): Command {
  const program = new Command('waggle')
    .description('Identity-based networking, security and observability with eBPF.')
    .version(versionText(), '-v, --version', 'print the versions of waggle, node and the kernel')
    .helpOption('-h, --help', 'print help')
    // What stands behind the name of a command belongs to that command: -v is not only this one's.
    .enablePositionalOptions()
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('Run waggle --help to see what there is.')
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      getOutHelpWidth: () => styleFor(context.stdout).width,
      getErrHelpWidth: () => styleFor(context.stderr).width,
      outputError: (text, write) => write(text.replace(/^error: /, 'waggle: ')),
    })
    .exitOverride();
  const adders: readonly (readonly [
    heading: string,
    readonly ((program: Command, context: Context) => void)[],
  ])[] = [
    ['The agent:', [addAgent, addStatus, addConfig, addDevice, addReport, addCleanup]],
    ['Workloads:', [addRun, addEndpoint, addIdentity]],
    ['Policies:', [addPolicy]],
    ['Looking inside:', [addObserve, addMonitor, addHubble, addMap, addDoctor]],
    ['Building blocks:', [addSteer, addCompile]],
    ['About waggle:', [addDemo, addCompletion, addVersion]],
  ];
  for (const [heading, commands] of adders) {
    program.commandsGroup(heading);
    for (const add of commands) add(program, context);
  }
  // Listed where the last commands are.
  return program.helpCommand('help [command]', 'print help on a command');
}
