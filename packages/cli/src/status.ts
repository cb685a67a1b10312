/** `waggle status`: how the agent and its parts are. */
import type { Command } from 'commander';
import { addClientOptions, type ClientOptions } from './client-options.ts';
import type { Context } from './context.ts';
import { parseDuration } from './duration.ts';
import { addExamples } from './examples.ts';

export interface StatusOptions extends ClientOptions {
  readonly brief?: boolean;
  readonly verbose?: boolean;
  /** Milliseconds; true: the usual time. */
  readonly wait?: number | true;
}

const HELP = `
Exit codes: 0 all is well, 1 something is not, or no agent is running, 2 wrong usage.`;

/** Adds the command. */
export function addStatus(program: Command, context: Context): void {
  const command = program
    .command('status')
    .description('say how the agent and its parts are')
    .option('--brief', 'only one word: whether all is well')
    .option('--verbose', 'also controllers, maps with how full they are, and addresses with their owners')
    .option('--wait [time]', 'wait until all is well, as long as this (default: 60s)', parseDuration)
    .addHelpText('after', HELP);
  addExamples(
    addClientOptions(command),
    ['waggle status'],
    ['waggle status --wait 30s', 'for scripts that have just started the agent'],
    ['waggle status -o json', 'for programs'],
  ).action(async (options: StatusOptions) => (await import('./status-actions.ts')).status(options, context));
}
