import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passedDescriptors } from './activation.ts';

const LISTEN_PID = String(process.pid);

test('descriptors are counted from 3 on, and chosen by their names', () => {
  assert.deepEqual(passedDescriptors({ LISTEN_PID, LISTEN_FDS: '2' }), [3, 4]);
  const environment = { LISTEN_PID, LISTEN_FDS: '3', LISTEN_FDNAMES: 'web:dns:web' };
  assert.deepEqual(passedDescriptors(environment), [3, 4, 5]);
  assert.deepEqual(passedDescriptors(environment, 'web'), [3, 5]);
  assert.throws(() => passedDescriptors(environment, 'dnss'), {
    code: 'NOT_FOUND',
    message: /Did you mean "dns"\?/,
  });
  assert.throws(() => passedDescriptors(environment, 'mail'), { message: /They are named web, dns, web/ });
});

test('what was passed to another process, or is no number, counts for nothing', () => {
  for (const environment of [
    {},
    { LISTEN_FDS: '1' },
    { LISTEN_PID: '1', LISTEN_FDS: '1' },
    { LISTEN_PID, LISTEN_FDS: '0' },
    { LISTEN_PID, LISTEN_FDS: '-1' },
    { LISTEN_PID, LISTEN_FDS: 'x' },
  ]) {
    assert.throws(() => passedDescriptors(environment), {
      code: 'NOT_FOUND',
      message: /no sockets were passed/,
    });
  }
});
