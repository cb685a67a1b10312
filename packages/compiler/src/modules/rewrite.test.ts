/** A built module is the module, with data in place of the functions of its programs. The frontend's part is played here. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as bpf from '@waggle/bpf';
import { type Config, isConfig, isMapSpec, type MapSpec } from '@waggle/bpf';
import { parseIr } from '../ir/parse.ts';
import { type LoadedModule, loadModule } from './load.ts';
import { programFromJson } from './program-json.ts';
import { builtText } from './rewrite.ts';
import { transpile } from './transpile.ts';

const source = fileURLToPath(new URL('./testing/fixtures/counter.bpf.ts', import.meta.url));
const origin = { file: 'counter.bpf.ts', source: 'return Verdict.Pass;', line: 25, column: 3 };

/** What the frontend would make of a program: something small, with the maps and configs of the module. */
function lowered(module: LoadedModule, maps: Record<string, unknown>, configs: Record<string, unknown>) {
  const parsed = parseIr(
    'program xdp\n\nfunction count(%0: context): i32\nb0:\n  %1: i32 = const 2\n  return %1\n',
  );
  const functions = parsed.functions.map((fn) => ({
    ...fn,
    blocks: fn.blocks.map((block) => ({ ...block, terminator: { ...block.terminator, origin } })),
  }));
  return {
    ir: { ...parsed, functions },
    maps: new Map(Object.entries(maps).filter((entry): entry is [string, MapSpec] => isMapSpec(entry[1]))),
    configs: new Map(
      Object.entries(configs).filter((entry): entry is [string, Config<unknown>] => isConfig(entry[1])),
    ),
    module,
  };
}

const folder = mkdtempSync(fileURLToPath(new URL('./testing/built-', import.meta.url)));
after(() => rmSync(folder, { recursive: true }));

test('the built module exports what the source exports, its programs compiled', async () => {
  const module = await loadModule(source);
  const scope = module.scope();
  const table = module.resolve('./hash.ts')?.scope().table;
  const programs = new Map([
    ['count', lowered(module, { counters: scope.counters, table }, { settings: scope.settings })],
    ['drop', lowered(module, {}, {})],
  ]);
  const text = await builtText(module, programs);
  assert.doesNotMatch(text, /Traffic/, 'what only programs use is not imported');
  assert.match(text, /from "\.\/hash\.js"/, 'local modules are imported as they will be built');
  assert.doesNotMatch(text, /\.ts['"];/);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'counter.bpf.js'), text);
  for (const name of ['hash', 'index']) {
    const other = name === 'hash' ? module.resolve('./hash.ts') : module.resolve('./index.ts');
    assert.ok(other);
    writeFileSync(join(folder, `${name}.js`), transpile(other.path, other.text, { rewriteImports: true }));
  }

  const built: Readonly<Record<string, unknown>> = await import(join(folder, 'counter.bpf.js'));
  const original: object = await import(module.url);
  assert.deepEqual(Object.keys(built).sort(), Object.keys(original).sort());
  const { count, counters, settings } = built;
  assert.ok(bpf.isProgramDeclaration(count));
  assert.equal(count.license, 'GPL', 'the options of the declaration are kept');
  const body = bpf.compiledBody(count);
  const { maps, configs } = body.bindings();
  assert.equal(maps.counters, counters);
  assert.ok(isMapSpec(maps.table), 'a map that only an imported function knows');
  assert.equal(configs.settings, settings);
  const { name, program } = programFromJson(body.code);
  assert.equal(name, 'count');
  assert.deepEqual(program.functions[0]?.blocks[0]?.terminator.origin, origin);
  assert.ok(bpf.isProgramDeclaration(built.drop) && bpf.isCompiled(built.drop.body));
});

test('the built module carries the code for usual configs', async () => {
  const module = await loadModule(source);
  const { settings } = module.scope();
  const programs = new Map([['count', lowered(module, {}, { settings })]]);
  const text = await builtText(module, programs, { count: [{ settings: { enabled: true } }] });
  const [, generated = ''] = /, '(\{"version".*"count".*)'\), \{/.exec(text.replaceAll('\n', ' ')) ?? [];
  assert.match(generated, /"deciding":\[\]/);
  await assert.rejects(builtText(module, programs, { counts: [] }), {
    code: 'NOT_FOUND',
    message: /usual configs for "counts"/,
  });
});

test('a map that no module exports is named in the error', async () => {
  const module = await loadModule(source);
  const hidden = bpf.arrayMap({ value: bpf.u32, maxEntries: 1 });
  const programs = new Map([['count', lowered(module, { hidden }, {})]]);
  await assert.rejects(builtText(module, programs), {
    code: 'BAD_DECLARATION',
    message: /program "count" uses "hidden", which no module exports/,
  });
});
