/**
 * The preset `@waggle/bpf/tsconfig.programs.json`: with it the examples are checked by plain `tsc`, and what a program does not
 * have does not exist.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { before, test } from 'node:test';
import ts from 'typescript';

const root = new URL('..', import.meta.url).pathname;

/** What users extend the preset by. */
const project = { extends: '@waggle/bpf/tsconfig.programs.json', include: ['examples/**/*.bpf.ts'] };

/** The complaints of tsc about the project, or about one file of that text with the preset. */
function complaints(text?: string): string[] {
  const config = ts.parseJsonConfigFileContent(project, ts.sys, root);
  assert.deepEqual(config.errors, []);
  const options = { ...config.options, skipLibCheck: false };
  const host = ts.createCompilerHost(options);
  const path = join(root, 'examples/sample.bpf.ts');
  const { readFile, fileExists } = host;
  host.fileExists = (name) => (name === path && text !== undefined) || fileExists(name);
  host.readFile = (name) => (name === path ? text : readFile(name));
  const library = config.fileNames.filter((name) => name.endsWith('.d.ts'));
  assert.equal(library.length, 1);
  const files = text === undefined ? config.fileNames : [...library, path];
  const program = ts.createProgram(files, options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

// What users install are the declarations that are built.
before(() => {
  const { status } = spawnSync('node_modules/.bin/tsc', ['-b', 'packages/bpf'], { cwd: root });
  assert.equal(status, 0);
});

test('the examples are right, and so are the declarations that they use', () => {
  assert.deepEqual(complaints(), []);
});

const sample = (body: string): string => `import { arrayMap, u32, Xdp, xdp } from '@waggle/bpf';
export const counters = arrayMap({ value: u32, maxEntries: 4 });
export const program = xdp((ctx) => {
  ${body}
  return Xdp.Pass;
});`;

test('a program is checked', () => {
  assert.deepEqual(complaints(sample('let sum: u32 = ctx.length; sum += 1; counters.update(1, sum);')), []);
  assert.match(complaints(sample('counters.update(1, 5n);')).join(), /^Argument of type 'bigint' is not/);
});

test('what the kernel does not have does not exist', () => {
  const absent = [
    'console.log(1);',
    'Math.max(1, 2);',
    'JSON.parse("1");',
    'setTimeout(() => 1);',
    'new Date();',
  ];
  const methods = ['[1, 2].map(1);', '(5).toFixed(2);'];
  const told = complaints(sample([...absent, ...methods].join('\n')));
  assert.deepEqual(
    told.map((message) => /'(\w+)'/.exec(message)?.[1]),
    ['console', 'Math', 'JSON', 'setTimeout', 'Date', 'map', 'toFixed'],
  );
});
