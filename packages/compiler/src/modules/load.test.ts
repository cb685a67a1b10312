/** Modules run and leave their scopes behind; what they import comes along. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as bpf from '@waggle/bpf';
import { loadModule } from './load.ts';

const fixture = (name: string) => fileURLToPath(new URL(`./testing/fixtures/${name}`, import.meta.url));

test('a module runs, and all that it binds is known', async () => {
  const module = await loadModule(fixture('counter.bpf.ts'));
  const scope = module.scope();
  assert.deepEqual(Object.keys(scope).sort(), [
    'Packet',
    'Table',
    'Traffic',
    'Verdict',
    'arrayMap',
    'body',
    'bool',
    'changing',
    'config',
    'count',
    'counters',
    'drop',
    'first',
    'hash',
    'lists',
    'mixWithTable',
    'renamed',
    'seed',
    'settings',
    'struct',
    'twice',
    'u32',
    'u64',
    'xdp',
  ]);
  assert.equal(scope.Verdict, bpf.Xdp);
  assert.equal(scope.renamed, 2);
  assert.equal(scope.changing, 2, 'values are those after the module ran');
  assert.ok(bpf.isMapSpec(scope.counters));
  assert.ok(bpf.isProgramDeclaration(scope.count));
});

test('imports lead to modules, with the bindings that they do not export', async () => {
  const module = await loadModule(fixture('counter.bpf.ts'));
  const hash = module.resolve('./hash.ts');
  assert.equal(hash?.path, fixture('hash.ts'));
  assert.equal(hash?.scope().secret, 7);
  assert.match(hash?.text ?? '', /const secret = 7;/);
  assert.equal(module.resolve('./hash.js'), hash, 'as tsc resolves it');
  const index = module.resolve('./index.ts');
  assert.deepEqual(index?.scope(), {});
  assert.equal(index?.resolve('./hash.ts'), hash, 'one instance however it is reached');
  assert.match(
    index?.resolve('./seed.ts')?.text ?? '',
    /type Seed/,
    'types have a text, though they do not run',
  );
  assert.equal(module.resolve('@waggle/bpf'), undefined);
  assert.equal(module.resolve('./nowhere.ts'), undefined);
});

test('every run has its own values', async () => {
  const [a, b] = [await loadModule(fixture('hash.ts')), await loadModule(fixture('hash.ts'))];
  assert.notEqual(a.scope().table, b.scope().table);
});

test('what cannot run says why', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-modules-'));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  try {
    await assert.rejects(loadModule(join(folder, 'none.bpf.ts')), { code: 'NOT_FOUND' });
    await assert.rejects(loadModule(file('x.json', '{}')), { code: 'INVALID' });
    await assert.rejects(loadModule(file('x.bpf.ts', 'const a = ;\n')), {
      name: 'SyntaxError',
      message: /x\.bpf\.ts:1:11: Expression expected/,
    });
    await assert.rejects(loadModule(file('y.bpf.ts', 'throw new RangeError("no");\n')), RangeError);
    const missing = file('z.bpf.ts', "import { x } from './nothing.ts';\nexport const y = x;\n");
    await assert.rejects(loadModule(missing), { code: 'ERR_MODULE_NOT_FOUND' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
