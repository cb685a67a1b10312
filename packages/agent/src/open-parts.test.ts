import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { OpenParts } from './open-parts.ts';

function open() {
  const parts = new OpenParts();
  const closed: string[] = [];
  const add = (name: string, close: () => void | Promise<void> = () => {}) =>
    parts.add({
      close: () => {
        closed.push(name);
        return close();
      },
    });
  return { parts, closed, add };
}

test('parts are closed in reverse, once, each when the one before is', async () => {
  const { parts, closed, add } = open();
  add('first');
  add('slow', async () => {
    await setTimeout(5);
    closed.push('at last');
  });
  add('last');
  await parts.close();
  assert.deepEqual(closed, ['last', 'slow', 'at last', 'first']);
  await parts.close();
  assert.equal(closed.length, 4);
});

test('what fails to close keeps those open that it stands on, and says so', async () => {
  const { parts, closed, add } = open();
  add('first');
  add('full', () => Promise.reject(new Error('disk full')));
  add('last');
  await assert.rejects(parts.close(), /disk full/);
  assert.deepEqual(closed, ['last', 'full']);
});

test('a beginning that failed closes all at once, whatever they say', async () => {
  const { parts, closed, add } = open();
  add('first');
  add('rejects', () => Promise.reject(new Error('no')));
  add('throws', () => {
    throw new Error('no');
  });
  parts.abandon();
  assert.deepEqual(closed, ['throws', 'rejects', 'first']);
  // An unhandled rejection would fail this file.
  await setTimeout(1);
});
