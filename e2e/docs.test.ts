/** The snippets of the documentation are TypeScript that compiles: the `ts` blocks of a page, put together. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';

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
  const { config } = ts.readConfigFile(join(root, 'tsconfig.tests.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const sources = new Map(pages.map((page) => [`${root}${page}.ts`, snippets(page)]));
  const settings = { ...options, noUnusedLocals: false, noUnusedParameters: false, noEmit: true };
  const host = ts.createCompilerHost(settings);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (path) => sources.has(path) || fileExists(path);
  host.getSourceFile = (path, language, ...rest) => {
    const text = sources.get(path);
    return text === undefined
      ? getSourceFile(path, language, ...rest)
      : ts.createSourceFile(path, text, language);
  };
  const program = ts.createProgram([...sources.keys()], settings, host);
  const problems = [...sources.keys()].flatMap((path) => {
    const file = program.getSourceFile(path);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
  });
  const told = problems.map(({ file, start = 0, messageText }) => {
    const line = (file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1;
    return `${file?.fileName.slice(root.length, -3)}:${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
  assert.deepEqual(told, []);
});
