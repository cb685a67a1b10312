import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { needsRoot } from '../testing/lab.ts';
import { withOwnMounts } from './mount-namespace.ts';
import { bindMount, listMounts } from './mounts.ts';

const namespace = () => readlinkSync('/proc/thread-self/ns/mnt');

describe('mounts of one’s own', { skip: needsRoot }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'waggle-mounts-'));
  const [shown, hidden] = [join(directory, 'shown'), join(directory, 'hidden')];
  writeFileSync(shown, 'shown');
  writeFileSync(hidden, 'hidden');
  after(() => rmSync(directory, { recursive: true }));

  test('are those of a child, and of nobody else', async () => {
    const [before, mounts] = [namespace(), listMounts().length];
    const child = withOwnMounts(() => {
      assert.notEqual(namespace(), before);
      bindMount(shown, hidden);
      assert.equal(readFileSync(hidden, 'utf8'), 'shown');
      return spawnSync('cat', [hidden], { encoding: 'utf8' });
    });
    assert.equal(child.stdout, 'shown');
    assert.equal(namespace(), before);
    assert.equal(readFileSync(hidden, 'utf8'), 'hidden');
    assert.equal(await readFile(hidden, 'utf8'), 'hidden');
    assert.equal(listMounts().length, mounts);
  });

  test('are left for the directory of before, also when the section throws', () => {
    const before = process.cwd();
    process.chdir(directory);
    try {
      assert.throws(
        () =>
          withOwnMounts(() => {
            assert.equal(readFileSync('shown', 'utf8'), 'shown');
            bindMount('/nowhere', hidden);
          }),
        { code: 'NOT_FOUND', message: /mount \/nowhere at .*hidden: ENOENT/ },
      );
      assert.equal(readFileSync('hidden', 'utf8'), 'hidden');
      assert.equal(readlinkSync('/proc/thread-self/cwd'), directory);
    } finally {
      process.chdir(before);
    }
  });

  test('may be had again and again', () => {
    const before = namespace();
    const seen = new Set(Array.from({ length: 20 }, () => withOwnMounts(namespace)));
    assert.ok(seen.size >= 1 && !seen.has(before));
    assert.equal(namespace(), before);
  });
});
