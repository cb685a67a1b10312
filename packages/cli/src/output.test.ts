import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hang, styleFor, wrap } from './output.ts';

const terminal = { isTTY: true, columns: 80 };
const isColoured = (stream: object, environment: NodeJS.ProcessEnv) =>
  styleFor(stream, environment).paint('red', 'x') !== 'x';

describe('colours', () => {
  test('are for terminals only', () => {
    assert.ok(isColoured(terminal, {}));
    assert.ok(!isColoured({}, {}));
  });

  test('are off when NO_COLOR is set to anything, and on dumb terminals', () => {
    assert.ok(!isColoured(terminal, { NO_COLOR: '1' }));
    assert.ok(isColoured(terminal, { NO_COLOR: '' }));
    assert.ok(!isColoured(terminal, { TERM: 'dumb' }));
  });

  test('end where the text ends', () => {
    assert.equal(styleFor(terminal, {}).paint('green', 'yes'), '\x1b[32myes\x1b[0m');
  });
});

test('marks are ASCII unless the locale is UTF-8, by the first of its variables that is set', () => {
  const mark = (environment: NodeJS.ProcessEnv) => styleFor({}, environment).marks.good;
  assert.equal(mark({}), '+');
  assert.equal(mark({ LANG: 'C' }), '+');
  assert.equal(mark({ LANG: 'de_DE.UTF-8' }), '✓');
  assert.equal(mark({ LANG: 'en_US.utf8' }), '✓');
  assert.equal(mark({ LANG: 'en_US.UTF-8', LC_ALL: 'POSIX' }), '+');
  assert.equal(mark({ LANG: 'C', LC_CTYPE: 'C.UTF-8' }), '✓');
});

test('no line is wider than 100 columns or the terminal', () => {
  assert.equal(styleFor({}, {}).width, 100);
  assert.equal(styleFor({ columns: 80 }, {}).width, 80);
  assert.equal(styleFor({ columns: 200 }, {}).width, 100);
  assert.equal(styleFor({ columns: 10 }, {}).width, 60);
});

describe('wrap', () => {
  test('breaks at spaces and keeps long words whole', () => {
    assert.deepEqual(wrap('one two three', 7), ['one two', 'three']);
    assert.deepEqual(wrap('CONFIG_DYNAMIC_FTRACE is off', 10), ['CONFIG_DYNAMIC_FTRACE', 'is off']);
  });

  test('loses nothing', () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1 });
    fc.assert(
      fc.property(words, fc.integer({ min: 12, max: 100 }), (list, width) => {
        const lines = wrap(list.join(' '), width);
        assert.equal(lines.join(' '), list.join(' '));
        assert.ok(lines.every((line) => line.length <= width));
      }),
    );
  });
});

test('hang puts a label before the first line and space before the others', () => {
  assert.deepEqual(hang('- a  ', 5, ['one', 'two']), ['- a  one', '     two']);
});
