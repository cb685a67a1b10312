/** A command that holds others, as `waggle endpoint`, and those within it that ask the agent. */
import type { Command } from 'commander';
import { addClientOptions } from './client-options.ts';
import { addExamples, type Example } from './examples.ts';

/** Adds a group. */
export const addGroup = (program: Command, name: string, description: string): Command =>
  program.command(name).description(description).helpCommand('help [command]', 'print help on a command');

/** Adds a command that asks the agent. */
export const addAsking = (
  group: Command,
  usage: string,
  description: string,
  ...examples: readonly Example[]
): Command => addExamples(addClientOptions(group.command(usage).description(description)), ...examples);

/** Values of an option that may be given again and again. */
export const collect = (value: string, previous: readonly string[] = []): string[] => [...previous, value];
