import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Statement } from './syntax.ts';
import { parseModule } from './typescript.ts';

/** The statements of a function of that body. */
function bodyOf(text: string): readonly Statement[] {
  return parseModule('a.ts', `function f() { ${text} }`).functions.get('f')?.body ?? [];
}

/** The code and name of what is not supported in an expression. */
function refused(text: string): string | undefined {
  const [statement] = bodyOf(`x = ${text};`);
  if (statement?.kind !== 'expression' || statement.expression.kind !== 'assignment') return statement?.kind;
  const { value } = statement.expression;
  return value.kind === 'unsupported' ? `${value.code} ${value.what}` : value.kind;
}

test('the top level of a module', () => {
  const module = parseModule(
    'a.ts',
    `import fallback, { one, two as second } from './one.ts';
     import * as all from './all.ts';
     import type { Shape } from './shape.ts';
     export { three, four as fourth } from './three.ts';
     export * from './rest.ts';
     type Address = Infer<typeof Key> | null;
     export const half = (n: u32): u32 => n / 2;
     export const program = xdp((ctx) => 1, { name: 'x' });
     export const named = tc(half);
     let changing = 1;
     function full() {}`,
  );
  assert.deepEqual(Object.fromEntries(module.imports), {
    fallback: { specifier: './one.ts', name: 'default' },
    one: { specifier: './one.ts', name: 'one' },
    second: { specifier: './one.ts', name: 'two' },
    all: { specifier: './all.ts', name: '*' },
    Shape: { specifier: './shape.ts', name: 'Shape' },
  });
  assert.deepEqual(Object.fromEntries(module.reexports), {
    three: { specifier: './three.ts', name: 'three' },
    fourth: { specifier: './three.ts', name: 'four' },
  });
  assert.deepEqual(module.reexportsAll, ['./rest.ts']);
  assert.deepEqual([...module.functions.keys()], ['half', 'full']);
  assert.deepEqual(
    [...module.bodies].map(([name, { kind }]) => [name, kind]),
    [
      ['program', 'function'],
      ['named', 'identifier'],
    ],
  );
  assert.deepEqual([...module.mutable], ['changing']);
  assert.equal(module.types.get('Address')?.kind, 'union');
  assert.deepEqual(module.errors, []);
});

test('places are lines and columns from 1, with lengths in characters', () => {
  const module = parseModule('a.ts', 'function f() {\n  return left +\n    right;\n}');
  const [statement] = module.functions.get('f')?.body ?? [];
  assert.deepEqual(statement?.place, { file: 'a.ts', line: 2, column: 3, length: 24 });
  assert.equal(statement?.kind === 'return' && statement.value?.place.length, 16);
});

test('syntax that means nothing to a program is named', () => {
  const cases: [string, string][] = [
    ['`text`', 'W108 `text`'],
    ['new Map()', 'W106 new Map()'],
    ['y as u16', 'W110 y as u16'],
    ['typeof y', 'W101 Type of expression'],
    ['y ** 2', 'W101 The operator **'],
    ['+y', 'W101 Unary +'],
    ['1.5', 'W109 1.5'],
    ['{ ...y }', 'W101 Spread assignment'],
    ['{ get y() { return 1; } }', 'W107 get y() { return 1; }'],
    ['(y satisfies u16)', 'identifier'],
    ['0xff_ff', 'constant'],
    ['() => 1', 'function'],
    ['-5', 'constant'],
  ];
  for (const [text, expected] of cases) assert.equal(refused(text), expected, text);
});

test('loops of all kinds are one', () => {
  const kinds = bodyOf('for (;;) {} while (true) {} do {} while (a); outer: for (let i = 0; i < 3; i++) {}');
  assert.deepEqual(
    kinds.map((loop) =>
      loop.kind === 'loop'
        ? [loop.condition !== undefined, loop.step !== undefined, loop.testedAfter, loop.label]
        : loop.kind,
    ),
    [
      [false, false, false, undefined],
      [false, false, false, undefined],
      [true, false, true, undefined],
      [true, true, false, 'outer'],
    ],
  );
});

test('syntax errors are told, with their places', () => {
  const { errors } = parseModule('a.ts', 'const = 5;\n');
  assert.equal(errors[0]?.message, 'Variable declaration expected.');
  assert.deepEqual(errors[0]?.place, { file: 'a.ts', line: 1, column: 7, length: 1 });
});
