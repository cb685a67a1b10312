/** What the language means, in the interpreter and in the kernel alike: critical sections, loops, methods. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { arrayMap, hashMap, spinLock, struct, u32, u64 } from '@waggle/bpf';
import { needsRoot } from '../packages/kernel/src/testing/lab.ts';
import { runBoth } from './support/both.ts';

const Ticket = struct('ticket', { next: u32, lock: spinLock, total: u64 });
const tickets = arrayMap({ value: Ticket, maxEntries: 2 });
const byName = hashMap({ key: u32, value: Ticket, maxEntries: 4 });

describe('locked()', { skip: needsRoot }, () => {
  test('gives what its body returns, and keeps the lock out of values', () => {
    const body = `
      const ticket = tickets.lookup(1);
      if (!ticket) return 0;
      const number = locked(ticket, () => {
        if (ticket.next === 7) return 100;
        ticket.next += 1;
        ticket.total += 10n;
        return ticket.next;
      });
      return number;`;
    for (const [next, expected] of [
      [4, 5],
      [7, 100],
    ] as const) {
      const { result, found } = runBoth(body, {
        scope: { tickets },
        prepare: (maps) => maps.tickets?.set(1, { next, total: 1n }),
        read: (maps) => maps.tickets?.get(1),
      });
      assert.equal(result, expected);
      assert.deepEqual(found, next === 7 ? { next, total: 1n } : { next: 5, total: 11n });
    }
  });

  test('a value with a lock is made by a literal without it', () => {
    const body = `
      byName.update(3, { next: 8, total: 9n });
      const ticket = byName.lookup(3);
      if (!ticket) return 0;
      locked(ticket, () => {
        ticket.next += 1;
      });
      return ticket.next;`;
    const { result, found } = runBoth(body, { scope: { byName }, read: (maps) => maps.byName?.get(3) });
    assert.equal(result, 9);
    assert.deepEqual(found, { next: 9, total: 9n });
  });
});
