import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { factsText, fitTable, table } from './table.ts';

describe('a table', () => {
  test('has columns as wide as their widest cell, and numbers to the right', () => {
    assert.equal(
      table(
        ['NAME', 'COUNT'],
        [
          ['web', 7],
          ['x', 1200n],
        ],
      ),
      'NAME  COUNT\nweb       7\nx      1200\n',
    );
    assert.equal(table(['NAME', 'COUNT'], []), 'NAME  COUNT\n');
  });

  test('that has to be narrow breaks its widest columns at spaces', () => {
    const rows = [[7, 'a=b c=d e=f', 'short']];
    assert.equal(
      fitTable(['ID', 'LABELS', 'NAME'], rows, 18),
      `ID  LABELS   NAME
 7  a=b c=d  short
    e=f
`,
    );
  });

  test('breaks long words only where nothing else helps', () => {
    const word = '0123456789012345678901234567890123456789';
    const text = fitTable(['A', 'B'], [['x y', word]], 30);
    assert.deepEqual(text.split('\n'), ['A  B', 'x  012345678901234567890123456', 'y  7890123456789', '']);
  });

  test('loses nothing, and fits where its headings and numbers do', () => {
    const cell = fc.stringMatching(/^[a-z=:]{1,45}( [a-z]{1,12}){0,4}$/);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(cell, fc.nat(99_999), cell, cell), { minLength: 1, maxLength: 5 }),
        (rows) => {
          const text = fitTable(['ONE', 'TWO', 'THREE', 'FOUR'], rows, 100);
          assert.ok(text.split('\n').every((line) => line.length <= 100));
          const letters = (all: string): string => [...all.replaceAll(/[^a-z=:]/g, '')].sort().join('');
          assert.equal(letters(text), letters(rows.flat().join('')));
        },
      ),
      { numRuns: 200 },
    );
  });
});

test('facts stand below one another', () => {
  const facts = [
    ['state', 'ready'],
    ['labels', 'app=web role=front'],
  ] as const;
  assert.equal(factsText(facts, 22), '  state   ready\n  labels  app=web\n          role=front\n');
});
