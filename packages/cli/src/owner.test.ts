import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatMode, parseOwner } from './owner.ts';

test('owners are names or numbers, and the mode follows from them', () => {
  assert.deepEqual(parseOwner({}), { uid: 0, gid: 0, mode: 0o600 });
  assert.deepEqual(parseOwner({ owner: 'root', group: 'root' }), { uid: 0, gid: 0, mode: 0o660 });
  assert.deepEqual(parseOwner({ owner: '1000', group: '100', mode: '0606' }), {
    uid: 1000,
    gid: 100,
    mode: 0o606,
  });
  assert.equal(formatMode(0o60), '0060');
});

test('names that are not there and modes that make no sense are refused', () => {
  assert.throws(() => parseOwner({ owner: 'rooot' }), {
    code: 'NOT_FOUND',
    message: /Did you mean "root"\?/,
  });
  assert.throws(() => parseOwner({ group: '' }), { code: 'NOT_FOUND' });
  for (const mode of ['640', '0755', '4660', '66', '', '0x1f', '999']) {
    assert.throws(() => parseOwner({ mode }), { code: 'MALFORMED', message: /as in 0660/ });
  }
});
