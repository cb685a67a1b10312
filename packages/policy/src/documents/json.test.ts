/** JSON means what `JSON.parse` says, each value stands where it was written, and all else is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readJson } from './json.ts';
import type { Node } from './node.ts';
import { Reading } from './reading.ts';

function plainOf(node: Node): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(plainOf);
    case 'map':
      // Not by assignment: a key may be __proto__.
      return Object.fromEntries([...node.fields].map(([name, field]) => [name, plainOf(field.node)]));
  }
}

test('values are those of JSON.parse, however they are written', () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom(0, 1, '\t'), (text, indent) => {
      const written = JSON.stringify(JSON.parse(text), null, indent);
      const node = readJson(new Reading(written));
      assert.ok('kind' in node, JSON.stringify(node));
      assert.deepEqual(plainOf(node), JSON.parse(written));
    }),
  );
});

test('what JSON.parse refuses is refused, and nothing else', () => {
  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"\\u00e9"',
    '"\\x"',
    '"\n"',
    '1',
    '-',
    '01',
    '1.',
    '1e5',
    'true',
    'nul',
    ' ',
    '\n',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const text = pieces.join('');
      let expected: unknown;
      try {
        expected = JSON.parse(text);
      } catch {
        expected = undefined;
      }
      const node = readJson(new Reading(text));
      assert.deepEqual('kind' in node ? plainOf(node) : undefined, expected, text);
    }),
    { numRuns: 2000 },
  );
});

test('values and keys know their lines', () => {
  const reading = new Reading('{\n  "a": [1,\n    2]\n}');
  const node = readJson(reading);
  assert.ok('kind' in node && node.kind === 'map');
  const field = node.fields.get('a');
  assert.ok(field?.node.kind === 'list');
  const lines = [node, field, field.node, ...field.node.items].map(
    ({ offset }) => reading.place(offset, '').line,
  );
  assert.deepEqual(lines, [1, 2, 2, 2, 3]);
});
