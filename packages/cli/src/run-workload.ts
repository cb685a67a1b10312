/** `waggle run`: starts a command as an endpoint. What it takes is here; what it does is in run-workload-actions.ts. */
import type { Command } from 'commander';
import type { Context } from './context.ts';
import { addExamples } from './examples.ts';
import { collect } from './group.ts';
import type { RunOptions } from './run-workload-actions.ts';
import { addWorkloadOptions } from './workload-options.ts';

const HELP = `
The command has a network namespace of its own, with lo and eth0, and sees the files of this host;
/etc/resolv.conf and /etc/hosts are adapted to it. It keeps the terminal, and gets the signals INT,
TERM, HUP, QUIT, USR1, USR2 and WINCH that are sent to waggle. When it ends, so does the endpoint.
/sys shows the devices of this host all the same: ask ip, not /sys/class/net.

Exit codes: that of the command, 128 and the signal's number if a signal ended it, 126 if it cannot
be started, 127 if there is no such command; 1 if it could not be made an endpoint.`;

/** Adds the command. */
export function addRun(program: Command, context: Context): void {
  const run = program
    .command('run')
    .description('start a command as an endpoint: in a network namespace of its own, under the policies')
    .argument('<command...>', 'the command and its arguments, after --');
  addExamples(
    addWorkloadOptions(run)
      .option(
        '--dns <address>',
        'a name server to ask; may be given again (default: those of this host)',
        collect,
      )
      .option('--socket <path>', "the agent's socket (default: $WAGGLE_SOCKET, else /run/waggle/agent.sock)"),
    ['waggle run --name web -l app=web -- python3 -m http.server 8080'],
    ['waggle run -l app=client -- curl http://10.92.0.2:8080'],
    ['waggle run -l app=web --publish 80:8080 -- python3 -m http.server 8080', 'for the network, too'],
    ['waggle run -l org=empire --ip 10.92.0.9 -- bash', 'a shell in the namespace'],
  )
    .addHelpText('after', HELP)
    .action(async (command: string[], options: RunOptions) =>
      (await import('./run-workload-actions.ts')).runWorkload(command, options, context),
    );
}
