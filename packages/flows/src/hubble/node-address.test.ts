import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reachableHost, serverName } from './node-address.ts';

test('a server that listens somewhere is reached there, one that listens everywhere at an address of the host', () => {
  assert.equal(reachableHost('10.0.0.1'), '10.0.0.1');
  assert.equal(reachableHost('::1'), '[::1]');
  assert.equal(reachableHost('node.example'), 'node.example');
  for (const host of ['0.0.0.0', '::'])
    assert.doesNotMatch(reachableHost(host), /^(0\.0\.0\.0|\[?::\]?|127\.)/);
});

test('a certificate is looked at under its first name, and below a wildcard under that of the node', () => {
  assert.equal(serverName([], 'bee'), 'bee');
  assert.equal(serverName(['node.example', 'localhost'], 'bee'), 'node.example');
  assert.equal(serverName(['*.default.hubble.example'], 'bee.lab'), 'bee-lab.default.hubble.example');
});
