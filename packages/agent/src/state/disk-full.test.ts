import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { needsRoot } from '../../../kernel/src/testing/lab.ts';

const unshare = spawnSync('unshare', ['--version']).error === undefined;
const skip = needsRoot || (!unshare && 'unshare is not installed');

/** Runs in a process with a mount namespace of its own, in which a disk of 64 KiB is mounted. */
const SCRIPT = `
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as z from 'zod';
import { StateStore } from ${JSON.stringify(new URL('./state-store.ts', import.meta.url).href)};
const directory = process.argv[1] + '/state';
const told = [];
const store = StateStore.open(directory, {
  timing: { delay: 5, retry: 20, longestRetry: 40 },
  onProblem: ({ code, message }) => told.push({ code, message }),
});
const document = store.document({ name: 'names', version: 1, schema: z.array(z.string()) });
const read = () => JSON.parse(readFileSync(directory + '/names.json', 'utf8')).content.length;
document.save(() => ['a']);
await document.flush();
const report = { before: read() };
try { writeFileSync(process.argv[1] + '/ballast', Buffer.alloc(1 << 20)); } catch {}
const names = Array.from({ length: 2000 }, (_, index) => 'name ' + index);
document.save(() => names);
report.flush = await document.flush().then(() => 'written', ({ code, message }) => ({ code, message }));
report.during = read();
report.problems = store.problems().map(({ document }) => document);
while (told.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
names.push('one more');
rmSync(process.argv[1] + '/ballast');
while (store.problems().length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
report.after = read();
await store.close();
console.log(JSON.stringify(report));
`;

describe('a full disk', { skip }, () => {
  test('is said, leaves what was saved and what is in memory, and is got over without help', () => {
    const shell =
      'dir=$(mktemp -d) && mount -t tmpfs -o size=64k none "$dir" && shift 0 && "$@" "$dir"; rc=$?; umount "$dir"; rmdir "$dir"; exit $rc';
    const node = [
      process.execPath,
      '--conditions=source',
      '--import',
      'tsx',
      '--input-type=module',
      '--eval',
      SCRIPT,
    ];
    const { stdout, stderr, status } = spawnSync('unshare', ['--mount', 'sh', '-c', shell, 'sh', ...node], {
      encoding: 'utf8',
      timeout: 30_000,
    });
    assert.equal(status, 0, stderr || 'it is not tried again');
    const report = JSON.parse(stdout);
    assert.equal(report.before, 1);
    assert.equal(report.flush.code, 'FULL');
    assert.match(
      report.flush.message,
      /names\.json: ENOSPC \(no space left on device\)\. The state "names" on disk is older than what is in force/,
    );
    assert.equal(report.during, 1);
    assert.deepEqual(report.problems, ['names']);
    assert.equal(report.after, 2001);
  });
});
