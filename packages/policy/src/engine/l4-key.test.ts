import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ANY_L4, covers, l4Key, portOf, prefixOf, protocolOf, rangeKeys, widen } from './l4-key.ts';

const TCP = 6;
const port = fc.integer({ min: 0, max: 65535 });
const prefix = fc.integer({ min: 0, max: 16 });

test('a range becomes as few prefixes as can be', () => {
  const text = (first: number, last: number) =>
    rangeKeys(TCP, first, last).map((key) => `${portOf(key)}/${prefixOf(key)}`);
  assert.deepEqual(text(80, 80), ['80/16']);
  assert.deepEqual(text(0, 65535), ['0/0']);
  assert.deepEqual(text(80, 444), [
    '80/12',
    '96/11',
    '128/9',
    '256/9',
    '384/11',
    '416/12',
    '432/13',
    '440/14',
    '444/16',
  ]);
  assert.deepEqual(text(1, 2), ['1/16', '2/16']);
  assert.deepEqual(text(2, 1), []);
});

test('the prefixes of a range are its ports, each once', () => {
  fc.assert(
    fc.property(port, port, port, (a, b, asked) => {
      const [first, last] = a <= b ? [a, b] : [b, a];
      const hits = rangeKeys(TCP, first, last).filter((key) => covers(key, l4Key(TCP, asked, 16)));
      assert.equal(hits.length, asked >= first && asked <= last ? 1 : 0);
    }),
  );
});

test('keys are nested or apart, and the broad come first', () => {
  fc.assert(
    fc.property(port, prefix, port, prefix, (a, lengthA, b, lengthB) => {
      const [outer, inner] = [l4Key(TCP, a, lengthA), l4Key(TCP, b, lengthB)];
      if (covers(outer, inner)) assert.ok(outer <= inner);
      const [short, long] = lengthA <= lengthB ? [outer, inner] : [inner, outer];
      assert.equal(covers(short, long), widen(long, prefixOf(short)) === short);
    }),
  );
});

test('a key is what it was made of; all protocols cover everything and are covered by nothing else', () => {
  const key = l4Key(132, 0x1234, 12);
  assert.deepEqual([protocolOf(key), portOf(key), prefixOf(key)], [132, 0x1230, 12]);
  assert.ok(covers(ANY_L4, key) && covers(ANY_L4, ANY_L4) && !covers(l4Key(TCP, 0, 0), ANY_L4));
  assert.ok(!covers(l4Key(TCP, 80, 16), l4Key(17, 80, 16)), 'another protocol');
});
