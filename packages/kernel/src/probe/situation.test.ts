import assert from 'node:assert/strict';
import { test } from 'node:test';
import { absentCapabilities, missingCapabilities } from './capabilities.ts';
import { isInitialUserNamespace, isOlder, parseLockdown, readSituation, versionOf } from './situation.ts';

test('lockdown is the word in brackets', () => {
  assert.equal(parseLockdown('[none] integrity confidentiality\n'), 'off');
  assert.equal(parseLockdown('none [integrity] confidentiality\n'), 'integrity');
  assert.equal(parseLockdown('none integrity [confidentiality]\n'), 'confidentiality');
  assert.equal(parseLockdown('none integrity'), 'unknown');
  assert.equal(parseLockdown('[something new]'), 'unknown');
});

test('releases compare by their first two numbers, as numbers', () => {
  assert.ok(isOlder('5.15.0-91-generic', '6.6'));
  assert.ok(isOlder('5.4.0', '5.15'));
  assert.ok(!isOlder('5.15.0', '5.4'));
  assert.ok(!isOlder('6.6.0', '6.6'));
  assert.ok(!isOlder('6.18.44-cloud', '6.6'));
  assert.ok(isOlder('4.18.0-553.el8.x86_64', '5.8'));
  assert.ok(!isOlder('3.10', '2.6.24'));
  assert.deepEqual(versionOf('6.18.44-cloud'), [6, 18]);
});

test('a release that does not parse is not too old for anything', () => {
  assert.ok(!isOlder('next', '6.6'));
});

test('only the initial user namespace maps every id to itself', () => {
  assert.ok(isInitialUserNamespace('         0          0 4294967295\n'));
  assert.ok(!isInitialUserNamespace('         0       1000          1\n'));
  assert.ok(!isInitialUserNamespace('         0     100000      65536\n'));
  assert.ok(isInitialUserNamespace(undefined), 'a kernel without user namespaces');
});

test('capabilities are bits, and CAP_SYS_ADMIN includes some others', () => {
  const bit = (number: number) => 1n << BigInt(number);
  assert.deepEqual(missingCapabilities(0n, ['CAP_BPF', 'CAP_NET_ADMIN']), ['CAP_BPF', 'CAP_NET_ADMIN']);
  assert.deepEqual(missingCapabilities(bit(39) | bit(12), ['CAP_BPF', 'CAP_NET_ADMIN']), []);
  assert.deepEqual(missingCapabilities(bit(38), ['CAP_PERFMON']), []);
  assert.deepEqual(missingCapabilities(bit(21), ['CAP_BPF', 'CAP_PERFMON', 'CAP_NET_ADMIN']), [
    'CAP_NET_ADMIN',
  ]);
  assert.deepEqual(absentCapabilities(((1n << 41n) - 1n) & ~bit(24)), ['CAP_SYS_RESOURCE']);
});

test('the situation of this process can be read', () => {
  const { release, capabilities } = readSituation();
  assert.match(release, /^\d+\.\d+/);
  assert.equal(capabilities !== 0n, process.getuid?.() === 0);
});
