/** The snippets of the documentation are TypeScript that compiles: the `ts` blocks of a page, put together. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { typeCheck } from './support/type-check.ts';

const root = new URL('..', import.meta.url).pathname;
const pages = [
  'README.md',
  ...['bpf', 'compiler', 'kernel', 'policy'].map((name) => `packages/${name}/README.md`),
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

test('what a module declares can be published: its types have names', () => {
  const text = `
    import { array, config, filled, hashMap, kernelStruct, ringBuffer, struct, u32, xdp } from '@waggle/bpf';
    export const Inner = struct('inner', { a: u32 }, { methods: { twice() { return this.a * 2; } } });
    export const Outer = struct('outer', { inner: Inner, list: array(Inner, 2) });
    export const table = hashMap({ key: Inner, value: Outer, maxEntries: 4 });
    export const events = ringBuffer({ bytes: 4096, record: Inner });
    export const settings = config({ limit: u32 });
    export const Task = kernelStruct('task_struct', { tgid: u32 });
    export const one = () => filled(Inner, { a: 1 });
    export const program = xdp(() => 0);`;
  assert.deepEqual(typeCheck(new Map([['docs/declarations.ts', text]]), { declarations: true }), []);
});
