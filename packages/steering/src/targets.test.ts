import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ALL_PORTS, blocksOf, countOf, formatPorts, type PortRange, parsePorts, portMask } from './ports.ts';
import { divide, levelsOf } from './targets.ts';

const ports: fc.Arbitrary<PortRange> = fc.oneof(
  fc.constant(ALL_PORTS),
  fc.integer({ min: 1, max: 300 }).map((port) => ({ first: port, last: port })),
  fc.tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 0, max: 200 })).map(([first, more]) => ({
    first,
    last: first + more,
  })),
);

test('a range is the sum of its blocks', () => {
  assert.deepEqual(blocksOf(ALL_PORTS), [{ port: 0, length: 0 }]);
  assert.deepEqual(blocksOf({ first: 80, last: 80 }), [{ port: 80, length: 16 }]);
  fc.assert(
    fc.property(ports, (range) => {
      let next = range.first;
      const blocks = blocksOf(range);
      for (const { port, length } of blocks) {
        assert.equal(port, next);
        assert.equal(port & portMask(length), port);
        next += 1 << (16 - length);
      }
      assert.equal(next - 1, range.last);
      assert.ok(blocks.length <= 30);
    }),
  );
});

test('ports are read as they are written', () => {
  fc.assert(fc.property(ports, (range) => assert.deepEqual(parsePorts(formatPorts(range)), range)));
  for (const [text, hint] of [
    ['0', /1 to 65535/],
    ['65536', /1 to 65535/],
    ['90-80', /Did you mean 80-90\?/],
    ['http', /1 to 65535/],
    ['', /1 to 65535/],
  ] as const) {
    assert.throws(() => parsePorts(text), { code: 'MALFORMED', hint });
  }
});

test('every port belongs to the binding with the fewest ports', () => {
  const group = fc.uniqueArray(ports, { selector: formatPorts, maxLength: 8 });
  fc.assert(
    fc.property(group, fc.integer({ min: 1, max: 600 }), (ranges, port) => {
      const bindings = ranges.map((range) => ({ ports: range }));
      const expected = bindings
        .filter(({ ports: { first, last } }) => first <= port && port <= last)
        .sort((a, b) => countOf(a.ports) - countOf(b.ports) || a.ports.first - b.ports.first)[0];
      // As the program does it: the longest block first.
      const blocks = divide(bindings);
      const lengths = levelsOf(blocks.map(({ length }) => ({ prefixLength: 32, portLength: length })));
      const hit = lengths
        .map(({ portLength }) =>
          blocks.find((block) => block.length === portLength && block.port === (port & portMask(portLength))),
        )
        .find((block) => block !== undefined);
      assert.equal(hit?.owner, expected);
    }),
  );
});

test('levels go from the longest prefix and the smallest block on', () => {
  const level = (prefixLength: number, portLength: number) => ({ prefixLength, portLength });
  assert.deepEqual(levelsOf([level(24, 0), level(32, 0), level(24, 16), level(32, 16), level(24, 16)]), [
    level(32, 16),
    level(32, 0),
    level(24, 16),
    level(24, 0),
  ]);
});
