/** The packet counter counts exactly what was sent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsRoot } from '../packages/kernel/src/testing/lab.ts';
import { runDemo } from './support/demo.ts';

test('packets are counted by protocol', { skip: needsRoot }, () => {
  const output = runDemo('packet-counter', 'countPackets');
  const last = output.slice(output.lastIndexOf('protocol '));
  assert.match(last, /^ *UDP +5 +235$/m, output);
  assert.match(last, /^ *ICMP +3 +225$/m);
  assert.match(last, /^ *TCP +[3-9] +\d+$/m);
  // ARP, by which bob asks for alice's address.
  assert.match(last, /^ *not IP +[1-9] +\d+$/m);
});
