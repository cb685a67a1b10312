/** The script for fish, which takes a line for each thing that can be typed. */
import type { CommandNode, OptionNode } from './command-tree.ts';

/** In single quotes, as fish takes them. */
const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** The script. */
export function fishCompletion(commands: readonly CommandNode[]): string {
  const paths = commands
    .slice(1)
    .map(({ path }) => quoted(path))
    .join(' ');
  return `# Completion of waggle for fish: waggle completion fish > ~/.config/fish/completions/waggle.fish
function __waggle_at
  set -l at waggle
  for word in (commandline -opc)[2..]
    switch "$at $word"
      case ${paths}
        set at "$at $word"
    end
  end
  test "$at" = "$argv"
end
${commands.flatMap(linesOf).join('\n')}
`;
}

function linesOf(command: CommandNode): string[] {
  const where = `complete -c waggle -n ${quoted(`__waggle_at ${command.path}`)}`;
  const names = command.commands.map(
    ({ name, description }) => `${where} -f -a ${quoted(name)} -d ${quoted(description)}`,
  );
  const choices = command.arguments
    .filter((argument) => argument.choices.length > 0)
    .map(({ name, choices: values }) => `${where} -f -a ${quoted(values.join(' '))} -d ${quoted(name)}`);
  return [...names, ...choices, ...command.options.map((option) => `${where} ${optionText(option)}`)];
}

function optionText({ long, short, description, takesValue, choices }: OptionNode): string {
  const flags = [`-l ${long.slice(2)}`, ...(short === undefined ? [] : [`-s ${short.slice(1)}`])].join(' ');
  const value = !takesValue ? '' : choices.length === 0 ? ' -r' : ` -x -a ${quoted(choices.join(' '))}`;
  return `${flags}${value} -d ${quoted(description)}`;
}
