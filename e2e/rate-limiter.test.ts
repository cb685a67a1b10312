/** The rate limiter: what passes is what the bucket held, and what flowed into it meanwhile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsRoot } from '../packages/kernel/src/testing/lab.ts';
import { runDemo } from './support/demo.ts';

test('as many bytes arrive as the rate lets pass', { skip: needsRoot }, () => {
  const output = runDemo('rate-limiter', 'limit');
  const [, sent, milliseconds] = /bob sent (\d+) bytes in (\d+) ms/.exec(output) ?? [];
  const [, received] = /alice received (\d+) bytes/.exec(output) ?? [];
  const flowed = (Number(milliseconds) / 1000) * 100_000;
  assert.ok(Number(sent) > 4 * flowed, output);
  // A full bucket, and the first packet of a source, which finds none yet. On the wire a datagram is 42 bytes longer.
  assert.ok(Number(received) <= (20_000 + flowed) / 1.042 + 1000, output);
  assert.ok(Number(received) > (20_000 + flowed) / 2, output);
  assert.match(output, /^ *10\.9\.0\.2 +\d+ +\d{6,}$/m);
});
