import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Member, spread } from './buckets.ts';

const member: fc.Arbitrary<Member> = fc.record({
  slot: fc.nat(4095),
  cookie: fc.bigInt({ min: 1n, max: (1n << 64n) - 1n }),
  weight: fc.integer({ min: 1, max: 100 }),
});
const members = fc.uniqueArray(member, {
  selector: ({ slot, cookie }) => `${slot} ${cookie}`,
  minLength: 1,
  maxLength: 20,
});

const ownedBy = (spreaded: number[][], slot: number): number =>
  spreaded.filter(([owner]) => owner === slot).length;

test('each socket gets its share of the buckets, to within one', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(member, { selector: ({ slot }) => slot, minLength: 1, maxLength: 20 }),
      (list) => {
        const total = list.reduce((sum, { weight }) => sum + weight, 0);
        const result = spread(list);
        for (const { slot, weight } of list) {
          assert.ok(Math.abs(ownedBy(result, slot) - (weight * 64) / total) <= 1);
        }
      },
    ),
  );
});

test('a bucket names each socket once, and four at most', () => {
  fc.assert(
    fc.property(members, (list) => {
      for (const slots of spread(list)) assert.ok(slots.length === Math.min(list.length, 4));
    }),
  );
});

test('when a socket goes, most buckets stay where they are', () => {
  const all = Array.from({ length: 4 }, (_, slot) => ({
    slot,
    cookie: BigInt(slot) * 7919n + 1n,
    weight: 1,
  }));
  const [before, after] = [spread(all), spread(all.slice(0, 3))];
  const moved = before.filter(([owner], bucket) => owner !== 3 && owner !== after[bucket]?.[0]).length;
  assert.ok(moved <= 12, `${moved} of the 48 buckets of others moved`);
});

test('nobody gets anything without sockets', () => {
  assert.ok(spread([]).every((slots) => slots.length === 0));
});
