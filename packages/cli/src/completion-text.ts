/**
 * Scripts for shells, made from the tree of commands. Each first follows the words that were typed to the command that they name,
 * then offers what that command has; where it has nothing, the shell offers files.
 */
import { allCommands, type CommandNode, type OptionNode } from './command-tree.ts';
import type { Shell } from './completion.ts';
import { fishCompletion } from './completion-fish.ts';

const HELP: OptionNode = {
  long: '--help',
  short: '-h',
  description: 'print help',
  takesValue: false,
  choices: [],
};

/** The script for a shell. */
export function completionText(shell: Shell, root: CommandNode): string {
  const commands = allCommands(root);
  switch (shell) {
    case 'bash':
      return bashCompletion(commands);
    case 'zsh':
      return zshCompletion(commands);
    case 'fish':
      return fishCompletion(commands);
  }
}

/** In single quotes, as the shells of the Bourne family take them. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** All commands below the first, as alternatives of `case`. */
const pathPattern = (commands: readonly CommandNode[]): string =>
  commands
    .slice(1)
    .map(({ path }) => quoted(path))
    .join(' | ');

const optionsOf = ({ options }: CommandNode): OptionNode[] => [
  ...options.filter(({ long }) => long !== HELP.long),
  HELP,
];

/** Each option of each command that takes a value, with the words after which it is typed, and its values. */
const valueCases = (
  commands: readonly CommandNode[],
): { readonly pattern: string; readonly choices: string }[] =>
  commands.flatMap((command) =>
    optionsOf(command)
      .filter(({ takesValue }) => takesValue)
      .map(({ long, short, choices }) => ({
        pattern: [long, ...(short === undefined ? [] : [short])]
          .map((flag) => quoted(`${command.path} ${flag}`))
          .join(' | '),
        choices: choices.join(' '),
      })),
  );

function bashCompletion(commands: readonly CommandNode[]): string {
  const values = valueCases(commands).filter(({ choices }) => choices !== '');
  const files = valueCases(commands).filter(({ choices }) => choices === '');
  const words = commands.map((command) => {
    const names = command.commands.map(({ name }) => name);
    const choices = command.arguments.flatMap((argument) => argument.choices);
    const flags = optionsOf(command).flatMap(({ long, short }) => [long, ...(short ? [short] : [])]);
    return `    ${quoted(command.path)}) words=${quoted([...names, ...choices].join(' '))} flags=${quoted(flags.join(' '))} ;;`;
  });
  return `# Completion of waggle for bash: source <(waggle completion bash)
_waggle() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  local at=waggle word words='' flags=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$at $word" in
    ${pathPattern(commands)}) at="$at $word" ;;
    esac
  done
  case "$at $previous" in
${values.map(({ pattern, choices }) => `    ${pattern}) COMPREPLY=($(compgen -W ${quoted(choices)} -- "$current")); return ;;`).join('\n')}
    ${files.map(({ pattern }) => pattern).join(' | ')}) COMPREPLY=(); return ;;
  esac
  case "$at" in
${words.join('\n')}
  esac
  [[ $current == -* ]] && words=$flags
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _waggle waggle
`;
}

function zshCompletion(commands: readonly CommandNode[]): string {
  const values = valueCases(commands).filter(({ choices }) => choices !== '');
  const files = valueCases(commands).filter(({ choices }) => choices === '');
  const described = (name: string, description: string): string => quoted(`${name}:${description}`);
  const words = commands.map((command) => {
    const names = [
      ...command.commands.map(({ name, description }) => described(name, description)),
      ...command.arguments.flatMap(({ name, choices }) => choices.map((choice) => described(choice, name))),
    ];
    const flags = optionsOf(command).map(({ long, description }) => described(long, description));
    return `    ${quoted(command.path)})\n      names=(${names.join(' ')})\n      flags=(${flags.join(' ')}) ;;`;
  });
  return `#compdef waggle
# Completion of waggle for zsh: put it into a directory of $fpath as _waggle
_waggle() {
  local at=waggle word
  local -a names flags
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$at $word" in
    ${pathPattern(commands)}) at="$at $word" ;;
    esac
  done
  case "$at \${words[CURRENT-1]}" in
${values.map(({ pattern, choices }) => `    ${pattern}) compadd -- ${choices}; return ;;`).join('\n')}
    ${files.map(({ pattern }) => pattern).join(' | ')}) _files; return ;;
  esac
  case "$at" in
${words.join('\n')}
  esac
  if [[ \${words[CURRENT]} == -* ]]; then
    _describe option flags
  elif (( \${#names} )); then
    _describe command names
  else
    _files
  fi
}
if [ "$funcstack[1]" = _waggle ]; then _waggle "$@"; else compdef _waggle waggle; fi
`;
}
