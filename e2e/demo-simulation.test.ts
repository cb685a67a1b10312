/** The demo where nobody may load programs: a simulation, which says so everywhere, and whose programs decide as the kernel's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsRoot } from '../packages/kernel/src/testing/lab.ts';
import { BuiltWaggle, needsBuild } from './support/built-waggle.ts';

const NOBODY = { uid: 65534, gid: 65534 };
const HEADING = /^(\d|waggle demo|[✓✗])/;

async function simulated(command: BuiltWaggle): Promise<string[]> {
  const { code } = await command.end();
  assert.equal(command.stderr, '');
  assert.equal(code, 0, command.stdout);
  const lines = command.stdout.split('\n');
  const headings = lines.filter((line) => HEADING.test(line));
  assert.ok(headings.length >= 8);
  for (const heading of headings) assert.match(heading, /\[simulation\]$/);
  for (const line of lines) assert.ok(line.length <= 100, line);
  assert.match(command.stdout, /^ {3}✓ xwing is dropped +SYN dropped, after \d+ instructions$/m);
  assert.match(command.stdout, /All \d+ expectations were met/);
  return lines;
}

test('without privileges the demo says what is missing, and simulates', {
  skip: needsBuild || (needsRoot && 'needs root, to be another user'),
}, async () => {
  const [, sentence = ''] = await simulated(new BuiltWaggle(['demo'], NOBODY));
  assert.match(sentence, /^This user \(uid 65534\) may not load programs into the kernel: CAP_BPF, /);
});

test('who asks for it gets a simulation', { skip: needsBuild }, async () => {
  const [, sentence = ''] = await simulated(new BuiltWaggle(['demo', '--simulate']));
  assert.match(sentence, /^You have asked for a simulation\./);
});
