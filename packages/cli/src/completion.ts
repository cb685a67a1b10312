/** `waggle completion`: a script that lets a shell complete commands, options, and the values that there are. */
import { Argument, type Command } from 'commander';
import type { Context } from './context.ts';
import { addExamples } from './examples.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** Adds the command. */
export function addCompletion(program: Command, context: Context): void {
  const command = program
    .command('completion')
    .description('print a script that makes a shell complete the commands of waggle')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS));
  addExamples(
    command,
    ['source <(waggle completion bash)', 'for this shell; for all: into ~/.bashrc'],
    ['waggle completion zsh > ~/.zfunc/_waggle', 'a directory of $fpath'],
    ['waggle completion fish > ~/.config/fish/completions/waggle.fish'],
  ).action(async (shell: Shell) => {
    const { completionText } = await import('./completion-text.ts');
    const { commandTree } = await import('./command-tree.ts');
    context.stdout.write(completionText(shell, commandTree(program)));
  });
}
