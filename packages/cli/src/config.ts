/** `waggle config`: what can be changed of the agent while it runs, and how it was started. */
import type { Command } from 'commander';
import { addClientOptions, type ClientOptions } from './client-options.ts';
import type { Context } from './context.ts';
import { addExamples } from './examples.ts';

const HELP = `
Options that can be changed while the agent runs; they are forgotten when it stops:
  PolicyEnforcement   default, always, never: when to deny what no rule allows
  PolicyAuditMode     Enabled: nothing is dropped by policy, what would be is reported
  LogLevel            trace, debug, info, warn, error`;

/** Adds the command. */
export function addConfig(program: Command, context: Context): void {
  const command = program
    .command('config')
    .description('show the configuration of the agent, or change it')
    .argument('[option=value...]', 'what to change')
    .addHelpText('after', HELP);
  addExamples(
    addClientOptions(command),
    ['waggle config'],
    ['waggle config PolicyEnforcement=always'],
    ['waggle config PolicyAuditMode=Enabled LogLevel=debug'],
  ).action(async (changes: string[], options: ClientOptions) =>
    (await import('./config-actions.ts')).config(changes, options, context),
  );
}
