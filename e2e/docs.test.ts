/** The snippets of the documentation are TypeScript that compiles: the `ts` blocks of a page, put together. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { typeCheck } from './support/type-check.ts';

const root = new URL('..', import.meta.url).pathname;
const pages = [
  'README.md',
  ...['bpf', 'compiler', 'kernel'].map((name) => `packages/${name}/README.md`),
  ...readdirSync(`${root}docs`)
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** The `ts` blocks of a page as one module; lines keep their numbers, so errors tell where they are. */
function snippets(page: string): string {
  let inside = false;
  const lines = readFileSync(root + page, 'utf8').split('\n');
  const code = lines.map((line) => {
    if (line.startsWith('```')) {
      inside = line === '```ts';
      return '';
    }
    return inside ? line : '';
  });
  return `${code.join('\n')}\nexport {};`;
}

test('snippets of the documentation compile', () => {
  const problems = typeCheck(new Map(pages.map((page) => [`${page}.ts`, snippets(page)])));
  assert.deepEqual(
    problems.map(({ path, line, message }) => `${path.slice(0, -3)}:${line}: ${message}`),
    [],
  );
});
