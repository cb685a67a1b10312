/** What is asked of the TypeScript compiler: no types, all names, the right function replaced. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replaceBodies, topLevelNames, transpile } from './transpile.ts';

const names = (text: string): string[] => topLevelNames(transpile('x.ts', text));

test('names are those of values', () => {
  const text = `
    import first, { second as two, type Third, Fourth } from './a.ts';
    import * as all from './b.ts';
    import type Five from './c.ts';
    import './d.ts';
    interface Six { seven: Fourth }
    type Eight = Five;
    declare const nine: number;
    enum Colour { Red }
    const [{ ten, eleven: [twelve], ...rest }, , thirteen = 1] = first(two, all);
    export default function fourteen() { const hidden = 1; return hidden; }
    export { thirteen as fifteen };
    export { sixteen } from './e.ts';
    { let seventeen = 1; var eighteen = seventeen; }`;
  assert.deepEqual(names(text), [
    'first',
    'two',
    'all',
    'Colour',
    'ten',
    'twelve',
    'rest',
    'thirteen',
    'fourteen',
  ]);
});

test('a syntax error has its place', () => {
  assert.throws(() => transpile('x.ts', 'const a = 1;\nconst = 2;\n'), {
    name: 'SyntaxError',
    message: /^x\.ts:2:7: Variable declaration expected/,
  });
});

test('imports are rewritten where that is asked for', () => {
  const text = `import { a } from './a.ts';\nexport { b } from './b.bpf.ts';\nexport const c = a;\n`;
  assert.match(transpile('x.ts', text), /'\.\/a\.ts'.*\n.*'\.\/b\.bpf\.ts'/);
  assert.match(transpile('x.ts', text, { rewriteImports: true }), /"\.\/a\.js".*\n.*"\.\/b\.bpf\.js"/);
});

test('the function of a program is replaced, and nothing else', () => {
  const text = `const a = xdp((ctx) => wrap(() => ctx), { license: 'GPL' });
const other = xdp(() => 1);
const b = (fentry('tcp_connect', function () {}) satisfies object), c = tc(body);
`;
  const replacements = new Map(['a', 'b', 'c', 'd'].map((name) => [name, `<${name}>`]));
  const result = replaceBodies(text, replacements, (program, name) => program === 'c' && name === 'body');
  assert.equal(
    result.text,
    `const a = xdp(<a>, { license: 'GPL' });
const other = xdp(() => 1);
const b = (fentry('tcp_connect', <b>) satisfies object), c = tc(<c>);
`,
  );
  assert.deepEqual(result.missing, ['d']);
});
