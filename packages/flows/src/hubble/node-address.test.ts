import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reachableHost } from './node-address.ts';

test('a server that listens somewhere is reached there, one that listens everywhere at an address of the host', () => {
  assert.equal(reachableHost('10.0.0.1'), '10.0.0.1');
  assert.equal(reachableHost('::1'), '[::1]');
  assert.equal(reachableHost('node.example'), 'node.example');
  for (const host of ['0.0.0.0', '::'])
    assert.doesNotMatch(reachableHost(host), /^(0\.0\.0\.0|\[?::\]?|127\.)/);
});
