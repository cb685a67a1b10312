import assert from 'node:assert/strict';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { lockDirectory } from './lock.ts';

test('a directory is locked by one at a time', () => {
  const path = mkdtempSync(join(tmpdir(), 'waggle-lock-'));
  try {
    const first = lockDirectory(path);
    assert.throws(() => lockDirectory(path, 50), { code: 'BUSY', message: /another process is changing/ });
    first[Symbol.dispose]();
    lockDirectory(path, 0)[Symbol.dispose]();
    assert.throws(() => lockDirectory(join(path, 'missing')), { code: 'NOT_FOUND' });
  } finally {
    rmdirSync(path);
  }
});
