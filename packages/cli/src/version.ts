/** `waggle version`: what a report of a fault has to begin with. */
import type { Command } from 'commander';
import { addClientOptions, type ClientOptions } from './client-options.ts';
import type { Context } from './context.ts';
import { addExamples } from './examples.ts';

/** Adds the command. */
export function addVersion(program: Command, context: Context): void {
  const command = program
    .command('version')
    .description('print the versions of this command, node, the kernel, and the agent that runs');
  addExamples(addClientOptions(command), ['waggle version'], ['waggle version -o json']).action(
    async (options: ClientOptions) => (await import('./version-actions.ts')).version(options, context),
  );
}
