/** The answers of `waggle policy` in docs/policy-guide.md are those that the commands give. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../packages/cli/src/run.ts';

const root = new URL('..', import.meta.url).pathname;
const text = readFileSync(join(root, 'docs/policy-guide.md'), 'utf8');
const commands = [...text.matchAll(/^```console\n\$ waggle (.*)\n([\s\S]*?)^```$/gm)];

test('there are commands of each kind', () => {
  const kinds = commands.map(([, command = '']) => command.split(' ')[1]);
  assert.deepEqual([...new Set(kinds)].sort(), ['diff', 'explain', 'trace', 'validate']);
});

for (const [, command = '', expected] of commands) {
  test(`waggle ${command}`, async () => {
    process.chdir(root);
    process.env.LC_ALL = 'C.UTF-8';
    const written = { stdout: '', stderr: '' };
    const stream = (name: keyof typeof written) => ({
      write: (chunk: string) => {
        written[name] += chunk;
      },
    });
    await run(command.split(' '), { stdout: stream('stdout'), stderr: stream('stderr') });
    assert.deepEqual(written, { stdout: expected, stderr: '' });
  });
}
