/** Examples at the end of a command's help: what to type, and what that is for. */
import type { Command } from 'commander';

/** A command line, and what it does where that is not plain. */
export type Example = readonly [line: string, meaning?: string];

/** From which column on meanings are below one another; longer lines push theirs away. */
const WIDEST = 62;

/** Adds examples to the help of a command. */
export const addExamples = (command: Command, ...examples: readonly Example[]): Command =>
  command.addHelpText('after', examplesText(examples));

function examplesText(examples: readonly Example[]): string {
  const width = Math.max(...examples.map(([line]) => line.length).filter((length) => length <= WIDEST));
  const lines = examples.map(([line, meaning]) =>
    meaning === undefined ? `  ${line}` : `  ${line.padEnd(width)}   ${meaning}`,
  );
  return `\nExamples:\n${lines.join('\n')}`;
}
