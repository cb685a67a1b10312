/** The command line as plain data: all commands with their options and arguments, for the reference and for completion. */
import type { Command } from 'commander';

/** A command, or a group of them. */
export interface CommandNode {
  /** `waggle endpoint list` */
  readonly path: string;
  readonly name: string;
  readonly description: string;
  readonly arguments: readonly ArgumentNode[];
  readonly options: readonly OptionNode[];
  readonly commands: readonly CommandNode[];
  /** The heading under which the command above lists it. */
  readonly group: string;
  /** What `--help` prints on a page of 100 columns. */
  readonly help: string;
}

export interface ArgumentNode {
  readonly name: string;
  readonly choices: readonly string[];
}

export interface OptionNode {
  /** `--output`, and `-o` where it has a short form. */
  readonly long: string;
  readonly short?: string;
  readonly description: string;
  readonly takesValue: boolean;
  /** The values that there are, where they are few. */
  readonly choices: readonly string[];
  /** What the value is called: `format`, `file`. */
  readonly value?: string;
}

const PAGE = 100;

/** The tree below a command. */
export function commandTree(command: Command, above = ''): CommandNode {
  const path = `${above} ${command.name()}`.trim();
  const help = command.createHelp();
  return {
    path,
    name: command.name(),
    description: command.description(),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      choices: argument.argChoices ?? [],
    })),
    options: help.visibleOptions(command).map((option) => {
      const value = /[<[]([^\]>]+)[\]>]/.exec(option.flags)?.[1];
      return {
        long: option.long ?? '',
        ...(option.short && { short: option.short }),
        description: option.description,
        takesValue: option.required || option.optional,
        choices: option.argChoices ?? [],
        ...(value !== undefined && { value }),
      };
    }),
    commands: command.commands.map((each) => commandTree(each, path)),
    group: command.helpGroup(),
    help: helpText(command),
  };
}

/** A command and all below it. */
export const allCommands = (node: CommandNode): CommandNode[] => [
  node,
  ...node.commands.flatMap((each) => allCommands(each)),
];

function helpText(command: Command): string {
  const written: string[] = [];
  const usual = { ...command.configureOutput() };
  command.configureOutput({ writeOut: (text) => written.push(text), getOutHelpWidth: () => PAGE });
  command.outputHelp();
  command.configureOutput(usual);
  return written.join('');
}
