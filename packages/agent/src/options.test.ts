/** Options of the agent: defaults, and what is said of wrong ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAgentOptions, socketOf } from './options.ts';

test('everything has a default', () => {
  const options = parseAgentOptions({});
  assert.equal(options['ipv4-pool'], '10.92.0.0/16');
  assert.deepEqual(options.device, []);
  assert.equal(socketOf(options), '/run/waggle/agent.sock');
  assert.equal(socketOf(parseAgentOptions({ 'run-dir': '/tmp/x/' })), '/tmp/x/agent.sock');
});

test('a wrong option is named, with what is right', () => {
  const messages = (
    [
      { 'ipv4-pool': 'fd00::/8' },
      { 'ipv4-pool': 'none', 'ipv6-pool': 'none' },
      { device: ['a device with spaces'] },
      { enforcement: 'sometimes' },
      { 'state-dir': 'relative' },
      { 'max-connections': 1 },
      { nonsense: 1 },
    ] as const
  ).map((input) => {
    try {
      parseAgentOptions(input, 'agent.yaml');
      return 'taken';
    } catch (error) {
      return error instanceof Error ? error.message : '';
    }
  });
  assert.match(messages[0] ?? '', /^agent.yaml: ipv4-pool is neither an IPv4 prefix, as 10\.92/);
  assert.match(messages[1] ?? '', /ipv4-pool must not be none when ipv6-pool is none, too/);
  assert.match(messages[2] ?? '', /device\.0 is no name of a device/);
  assert.match(messages[3] ?? '', /enforcement is none of default, always, never/);
  assert.match(messages[4] ?? '', /state-dir is no absolute path/);
  assert.match(messages[5] ?? '', /max-connections/);
  assert.match(messages[6] ?? '', /there is no option nonsense\. Known: node-name/);
});
