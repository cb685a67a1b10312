/** The scripts in their shells, where these are installed. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { waggle } from './testing/capture.ts';

const folder = mkdtempSync(join(tmpdir(), 'waggle-completion-'));
after(() => rmSync(folder, { recursive: true }));

const isMissing = (shell: string): string | false =>
  spawnSync(shell, ['--version']).error === undefined ? false : `${shell} is not installed`;

async function scriptOf(shell: string): Promise<string> {
  const { stdout, status } = await waggle('completion', shell);
  assert.equal(status, 0);
  const path = join(folder, `waggle.${shell}`);
  writeFileSync(path, stdout);
  return path;
}

describe('in bash', { skip: isMissing('bash') }, () => {
  /** What it offers for the last of these words. */
  const offered = async (...words: string[]): Promise<string[]> => {
    const script = `source ${await scriptOf('bash')}
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _waggle; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', ...words], { encoding: 'utf8' });
    assert.equal(stderr, '');
    return stdout.split('\n').filter((line) => line !== '');
  };

  test('commands are completed', async () => {
    const all = await offered('waggle', '');
    for (const name of ['agent', 'status', 'endpoint', 'policy', 'completion'])
      assert.ok(all.includes(name), name);
    assert.deepEqual(await offered('waggle', 'endp'), ['endpoint']);
    assert.deepEqual(await offered('waggle', 'endpoint', 'l'), ['list', 'log', 'labels']);
    assert.deepEqual(await offered('waggle', 'bpf', 'ct', ''), ['list', 'get']);
  });

  test('options are those of the command', async () => {
    assert.deepEqual(await offered('waggle', 'endpoint', 'list', '--l'), ['--label']);
    assert.deepEqual(await offered('waggle', 'status', '--w'), ['--wait']);
    assert.deepEqual(await offered('waggle', 'endpoint', '--l'), []);
  });

  test('values are completed where they are few, and are left to the shell elsewhere', async () => {
    assert.deepEqual(await offered('waggle', 'endpoint', 'list', '-o', ''), ['table', 'json', 'yaml']);
    assert.deepEqual(await offered('waggle', 'agent', '--log-level', 'd'), ['debug']);
    assert.deepEqual(await offered('waggle', 'completion', ''), ['bash', 'zsh', 'fish']);
    assert.deepEqual(await offered('waggle', 'status', '--socket', ''), []);
  });
});

for (const shell of ['zsh', 'fish']) {
  test(`${shell} understands its script`, { skip: isMissing(shell) }, async () => {
    const { stderr, status } = spawnSync(shell, ['-n', await scriptOf(shell)], { encoding: 'utf8' });
    assert.equal(stderr, '');
    assert.equal(status, 0);
  });
}

test('the script for zsh has commands with what they are for, and quotes what has to be', async () => {
  const { stdout } = await waggle('completion', 'zsh');
  assert.match(stdout, /^#compdef waggle\n/);
  assert.match(stdout, /\n {4}'waggle endpoint'\)\n {6}names=\('list:list endpoints' 'get:/);
  assert.match(stdout, /'--socket:the agent'\\''s socket/);
});

test('the script for fish has a line for each thing that can be typed', async () => {
  const { stdout } = await waggle('completion', 'fish');
  const at = "complete -c waggle -n '__waggle_at waggle endpoint list'";
  assert.ok(stdout.includes(`${at} -l output -s o -x -a 'table json yaml' -d 'how to print'\n`));
  assert.ok(stdout.includes(`${at} -l socket -r -d 'the agent\\'s socket`));
  assert.ok(stdout.includes("complete -c waggle -n '__waggle_at waggle completion' -f -a 'bash zsh fish'"));
});

test('another shell is wrong usage', async () => {
  const { stderr, status } = await waggle('completion', 'tcsh');
  assert.match(stderr, /'tcsh' is invalid.*bash, zsh, fish/);
  assert.equal(status, 2);
});
