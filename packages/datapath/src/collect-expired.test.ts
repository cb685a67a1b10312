/** Removing connections whose time is up, beside packets that come meanwhile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Infer, WaggleError } from '@waggle/bpf';
import { createMap } from '@waggle/kernel';
import { needsRoot } from '../../kernel/src/testing/lab.ts';

await import('@waggle/compiler/register');
const { ExpiredConnections } = await import('./collect-expired.ts');
const { connections4, connections6 } = await import('./connection.bpf.ts');
const { NOTHING_KNOWN } = await import('./connection-tables.ts');

type Value = Infer<typeof connections4.value>;
const NOW = 1000;
const connection = (expires: number): Value => ({
  ...NOTHING_KNOWN,
  expires,
  generation: 1,
  port: 80,
  initiator: 300,
  responder: 301,
});
const tuple = (port: number) => ({ low: 1, high: 2, lowPort: port, highPort: 80, protocol: 6 });

test('what is over goes, what is not stays', { skip: needsRoot }, () => {
  using four = createMap({ ...connections4, maxEntries: 4096 });
  using six = createMap({ ...connections6, maxEntries: 64 });
  for (let port = 0; port < 2000; port++) four.set(tuple(port), connection(port % 2 === 0 ? NOW : NOW + 1));
  six.set({ ...tuple(1), low: [1, 0, 0, 0], high: [2, 0, 0, 0] }, connection(NOW - 1));
  const expired = new ExpiredConnections({ connections4: four, connections6: six }, () => NOW);
  assert.deepEqual(expired.remove(5000), { removed: 1001, finished: true });
  assert.deepEqual(
    [...four.values()].map(({ expires }) => expires),
    Array(1000).fill(NOW + 1),
  );
  assert.equal([...six].length, 0);
  assert.deepEqual(expired.remove(5000), { removed: 0, finished: true });
});

test('it takes no longer than it may, and goes on where it was', { skip: needsRoot }, () => {
  using four = createMap({ ...connections4, maxEntries: 16_384 });
  using six = createMap({ ...connections6, maxEntries: 64 });
  for (let port = 0; port < 4000; port++) four.set(tuple(port), connection(NOW));
  const expired = new ExpiredConnections({ connections4: four, connections6: six }, () => NOW);
  const first = expired.remove(0);
  assert.equal(first.finished, false);
  assert.ok(first.removed < 4000, `${first.removed} at once`);
  let { removed } = first;
  for (let turn = 0; turn < 100; turn++) {
    const next = expired.remove(0);
    removed += next.removed;
    if (next.finished) break;
  }
  assert.equal(removed, 4000);
});

test('a connection that begins anew meanwhile is not lost', () => {
  const empty = { *[Symbol.iterator]() {}, get: () => undefined, take: () => undefined, set: () => {} };
  const put: number[] = [];
  /** A table in which a packet comes after so many looks. */
  const table = (looks: number, isThere = false) => {
    let left = looks;
    const look = () => connection(left-- > 0 ? NOW : NOW + 60);
    return {
      *[Symbol.iterator](): Generator<[ReturnType<typeof tuple>, Value]> {
        yield [tuple(1), look()];
      },
      get: look,
      take: look,
      set: (_tuple: unknown, { expires }: Value) => {
        if (isThere) throw new WaggleError('EXISTS', 'there is one');
        put.push(expires);
      },
    };
  };
  const outcome = (looks: number, isThere?: boolean) =>
    new ExpiredConnections({ connections4: table(looks, isThere), connections6: empty }, () => NOW).remove()
      .removed;
  assert.equal(outcome(1), 0, 'seen at the second look');
  assert.deepEqual(put, []);
  assert.equal(outcome(2), 0, 'seen when it was taken');
  assert.deepEqual(put, [NOW + 60]);
  assert.equal(outcome(2, true), 0, 'and another packet was there first');
  assert.equal(outcome(3), 1);
});
