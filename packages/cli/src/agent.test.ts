/** Commands that ask the agent, where none is running. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { waggle } from './testing/capture.ts';

const NOWHERE = ['--socket', '/nowhere/agent.sock'];

describe('without an agent', () => {
  const cases = [
    ['status'],
    ['config'],
    ['device', 'list'],
    ['metrics', 'list'],
    ['debuginfo'],
    ['endpoint', 'list'],
    ['identity', 'list'],
    ['ip', 'list'],
  ];
  for (const args of cases) {
    test(`waggle ${args.join(' ')} says what to do`, async () => {
      const { stdout, stderr, status } = await waggle(...args, ...NOWHERE);
      assert.equal(stdout, '');
      assert.equal(
        stderr,
        'waggle: No agent is running: nobody answers at /nowhere/agent.sock. ' +
          'Start it with `waggle agent`, or name the socket of another one with --socket or WAGGLE_SOCKET\n',
      );
      assert.equal(status, 1);
    });
  }

  test('waggle version says the rest all the same', async () => {
    const { stdout, status } = await waggle('version', ...NOWHERE);
    assert.match(stdout, /^waggle \d+\.\d+\.\d+ .*\nagent: none is running at \/nowhere\/agent\.sock\n$/);
    assert.equal(status, 0);
  });

  test('who waits for it is told when it has not come', async () => {
    const { stderr, status } = await waggle('status', '--wait', '300ms', ...NOWHERE);
    assert.match(stderr, /^waggle: No agent has come up within 300 ms\. No agent is running/);
    assert.equal(status, 1);
  });
});
