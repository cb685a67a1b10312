import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describe } from './describe.ts';
import { nearest } from './nearest.ts';

test('nearest finds the word that was meant', () => {
  const words = ['address', 'port', 'protocol', 'packets'];
  assert.equal(nearest('adress', words), 'address');
  assert.equal(nearest('prot', words), 'port'); // two neighbours swapped: one step
  assert.equal(nearest('Protocoll', words), 'protocol');
  assert.equal(nearest('ports', words), 'port');
  assert.equal(nearest('maxEntrys', ['key', 'value', 'maxEntries']), 'maxEntries');
});

test('nearest stays silent when nothing is near', () => {
  assert.equal(nearest('zebra', ['address', 'port']), undefined);
  assert.equal(nearest('ab', ['cd']), undefined);
  assert.equal(nearest('', ['port']), undefined);
  assert.equal(nearest('port', []), undefined);
});

test('nearest takes the first of two that are equally near, and the nearer of two', () => {
  assert.equal(nearest('cat', ['car', 'cap']), 'car');
  assert.equal(nearest('connect', ['connect46', 'connect4']), 'connect4');
});

test('describe tells values apart that look alike', () => {
  const shown = [
    80,
    '80',
    80n,
    -0,
    Number.NaN,
    null,
    undefined,
    [1, 2],
    new Uint8Array(3),
    {},
    () => 1,
    true,
  ];
  assert.deepEqual(shown.map(describe), [
    '80',
    '"80"',
    '80n',
    '-0',
    'NaN',
    'null',
    'undefined',
    'an array of 2',
    'a Uint8Array of 3 bytes',
    'an object',
    'a function',
    'true',
  ]);
  assert.equal(describe('x'.repeat(100)), `"${'x'.repeat(40)}…"`);
  assert.equal(describe(Symbol('s')), 'Symbol(s)');
});
