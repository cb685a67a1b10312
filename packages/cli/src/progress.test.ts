import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { withProgress } from './progress.ts';

async function told(isTTY: boolean, duration: number): Promise<string> {
  let written = '';
  const stderr = {
    isTTY,
    write: (text: string) => {
      written += text;
    },
  };
  assert.equal(await withProgress({ stderr }, 'waiting for it', setTimeout(duration, 'it'), 20), 'it');
  return written;
}

test('who waits at a terminal is told, and then the line is gone', async () => {
  const lines = (await told(true, 150)).split('\r\x1b[K');
  assert.equal(lines[0], '');
  assert.equal(lines[1], 'waiting for it (0 s)');
  assert.equal(lines.at(-1), '');
});

test('nothing is told where it is fast, or where nobody looks', async () => {
  assert.equal(await told(true, 0), '');
  assert.equal(await told(false, 100), '');
});

test('a failure passes, and the line is gone then, too', async () => {
  let written = '';
  const stderr = {
    isTTY: true,
    write: (text: string) => {
      written += text;
    },
  };
  const failing = setTimeout(100).then(() => {
    throw new RangeError('no');
  });
  await assert.rejects(withProgress({ stderr }, 'waiting', failing, 20), RangeError);
  assert.ok(written.endsWith('\r\x1b[K'));
});
