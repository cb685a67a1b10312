/** The example that `npm start` runs: what it prints is what happened, and nothing of it is left. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { Program } from '@waggle/kernel';

const root = new URL('..', import.meta.url).pathname;
const needsRoot = process.getuid?.() === 0 ? false : 'needs root, to create namespaces and programs';

const run = () =>
  spawnSync(
    process.execPath,
    ['--conditions=source', '--import', 'tsx', 'examples/count-by-protocol/main.ts'],
    {
      cwd: root,
      encoding: 'utf8',
      timeout: 60_000,
    },
  );

/** What could be left behind and told from what other tests do at the same time. */
const left = () => ({
  devices: readdirSync('/sys/class/net').sort(),
  programs: Program.ids().filter((id) => nameOf(id) === 'count_protocol'),
});

function nameOf(id: number): string | undefined {
  try {
    using program = Program.openById(id);
    return program.name;
  } catch {
    return undefined;
  }
}

test('packets are counted by protocol, and everything is cleaned up', { skip: needsRoot }, () => {
  const before = left();
  const { stdout, stderr, status } = run();
  assert.equal(status, 0, stderr);
  assert.match(stdout, /verified \(\d+ steps\): 32 instructions/);
  assert.match(stdout, /^ {2}ICMP +5 +375$/m);
  assert.match(stdout, /^ {2}TCP +[3-9] +\d+$/m);
  assert.match(stdout, /all of it gone again/);
  assert.deepEqual(left(), before);
});
