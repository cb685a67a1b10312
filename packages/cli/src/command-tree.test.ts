/** What holds for every command: its help, and its place in the reference. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { commandLine } from './command-line.ts';
import { allCommands, commandTree } from './command-tree.ts';
import { ExitCode } from './context.ts';
import { referenceText } from './reference-text.ts';

const nowhere = { write: () => undefined };
const tree = commandTree(
  commandLine({ stdout: nowhere, stderr: nowhere, exitCode: ExitCode.ok, errorCode: ExitCode.failure }),
);
const commands = allCommands(tree);
const REFERENCE = new URL('../../../docs/reference-cli.md', import.meta.url);

describe('the help of', () => {
  for (const { path, help, description, options } of commands) {
    test(path, () => {
      const wide = help.split('\n').filter((line) => line.length > 100);
      assert.deepEqual(wide, [], 'fits 100 columns');
      assert.match(help, /\nExamples:\n {2}.*\bwaggle /, 'has examples');
      assert.ok(description.length > 0 && !description.endsWith('.') === (path !== 'waggle'), description);
      for (const { long, description: meaning } of options) assert.ok(meaning.length > 0, long);
    });
  }
});

test('examples use commands and options that there are', () => {
  for (const { help } of commands) {
    const examples = help.slice(help.indexOf('\nExamples:\n')).split('\n\n')[0] ?? '';
    for (const [, line = ''] of examples.matchAll(/\bwaggle (.*?)(?: {3}.*)?$/gm)) {
      let node = tree;
      const words = line.split(' ');
      for (const word of words) node = node.commands.find(({ name }) => name === word) ?? node;
      if (node === tree)
        assert.ok(line.startsWith('-') || line.startsWith('COMMAND'), `there is no command of ${line}`);
      const own = line.split(' -- ')[0] ?? '';
      for (const [, option] of own.matchAll(/ (--?[a-z][\w-]*)/g)) {
        const known = node.options.some(({ long, short }) => long === option || short === option);
        assert.ok(known, `${node.path} has no option ${option}: ${line}`);
      }
    }
  }
});

test('the reference is up to date', () => {
  const text = referenceText(tree);
  if (process.env.WAGGLE_GOLDEN === 'update') writeFileSync(REFERENCE, text);
  assert.equal(readFileSync(REFERENCE, 'utf8'), text, 'run npm run reference');
});
