/** The firewall: who may connect changes with its rules, and what it dropped is counted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsRoot } from '../packages/kernel/src/testing/lab.ts';
import { runDemo } from './support/demo.ts';

test('rules decide who may connect, and can be changed', { skip: needsRoot }, () => {
  const output = runDemo('tiny-firewall', 'firewall');
  const tries = output.match(/^(bob, |alice> ).*$/gm);
  assert.deepEqual(tries, [
    'bob, to port 80: connected',
    'bob, to port 22: no answer',
    'alice> open 22',
    'bob, to port 22: connected',
    'alice> block 10.9.0.0/24',
    'bob, to port 80: no answer',
    'alice> show',
    'alice> unblock 10.9.0.0/24',
    'bob, to port 80: connected',
  ]);
  const shown = output.slice(output.indexOf('alice> show'), output.indexOf('alice> unblock'));
  assert.match(shown, /^ *10\.9\.0\.0\/24 is blocked: [1-9] packets dropped$/m);
  assert.match(shown, /^ *port 80 is open: 1 connections$/m);
  assert.match(shown, /^ *port 22 is open: 1 connections$/m);
  assert.doesNotMatch(output.slice(output.indexOf('alice> unblock')), /is blocked/);
});
