/** The reference of the command line, docs/reference-cli.md: what `--help` says of each command, in one document. */
import { allCommands, type CommandNode } from './command-tree.ts';

const HEAD = `# The commands of waggle

This is what \`waggle COMMAND --help\` prints, made by \`npm run reference\`.

Results go to the standard output, errors and progress to the standard error. \`-o json\` and \`-o yaml\` print all that is known,
for programs. Unless a command says otherwise it ends with

| exit code | meaning                                                        |
| --------- | -------------------------------------------------------------- |
| 0         | done                                                           |
| 1         | it could not be done; the standard error says why              |
| 2         | wrong usage; nothing was done                                  |
`;

/** The document. */
export function referenceText(root: CommandNode): string {
  const [, ...commands] = allCommands(root);
  const groups = new Map<string, CommandNode[]>();
  for (const command of root.commands)
    groups.set(command.group, [...(groups.get(command.group) ?? []), command]);
  const contents = [...groups].map(([heading, members]) => {
    const lines = members.map(
      ({ path, name, description }) => `- [\`${name}\`](#${anchor(path)}): ${description}`,
    );
    return `**${heading.replace(/:$/, '')}**\n\n${lines.join('\n')}\n`;
  });
  const sections = commands.map(
    ({ path, help }) =>
      `${path.split(' ').length > 2 ? '###' : '##'} ${path}\n\n\`\`\`\n${help.trim()}\n\`\`\`\n`,
  );
  return [HEAD, ...contents, ...sections].join('\n');
}

/** As GitHub makes it of a heading. */
const anchor = (heading: string): string => heading.replaceAll(' ', '-');
