/**
 * From a `.bpf.ts` file to a program in the kernel, on the two ways that users have: built first, or compiled when it is
 * loaded. Each runs in a process of its own, for the hooks of a module loader stay.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildModule } from '@waggle/compiler/modules';
import { needsRoot } from '../packages/kernel/src/testing/lab.ts';

const PROGRAM = `import { arrayMap, be16, bool, config, hton16, struct, u64, Xdp, xdp } from '@waggle/bpf';
import type { Label } from './label.ts';
import { verdictOf } from './verdict.ts';

export const Traffic = struct('traffic', { packets: u64 });
export const traffic = arrayMap({ value: Traffic, maxEntries: 1 });
export const settings = config({ drop: bool, port: be16 });
export const label: Label = 'count';

export const count = xdp((ctx) => {
  const seen = traffic.lookup(0);
  if (!seen) return Xdp.Aborted;
  seen.packets += 1n;
  // The value of a config is the number meant, in network order too.
  if (settings.port !== hton16(443)) return Xdp.Aborted;
  return verdictOf(settings.drop);
});
`;
const FILES = {
  'package.json': '{ "type": "module" }',
  'count.bpf.ts': PROGRAM,
  'label.ts': 'export type Label = string;\n',
  'verdict.ts': `import { type bool, type u32, Xdp } from '@waggle/bpf';

export function verdictOf(drop: bool): u32 {
  return drop ? Xdp.Drop : Xdp.Pass;
}
`,
};
/** Loads the program twice, and prints what it did. */
const app = (module: string) => `import { loadDeclared } from '@waggle/kernel';
import { count, label, traffic } from '${module}';

const results = [true, false].map((drop) => {
  const loaded = loadDeclared(count, { config: { settings: { drop, port: 443 } } });
  const { result } = loaded.program.testRun({ data: new Uint8Array(64), repeat: 5 });
  const { packets } = loaded.map(traffic).get(0) ?? {};
  loaded.close();
  return { result, packets: Number(packets) };
});
console.log(JSON.stringify({ label, results }));
`;
const EXPECTED = {
  label: 'count',
  results: [
    { result: 1, packets: 5 },
    { result: 2, packets: 5 },
  ],
};

// Inside of the workspace, where @waggle/bpf can be imported from.
let folder = '';
before(() => {
  folder = mkdtempSync(fileURLToPath(new URL('./.modules-', import.meta.url)));
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
});
after(() => rmSync(folder, { recursive: true }));

function run(file: string, ...imports: string[]): unknown {
  const flags = ['--conditions=source', ...imports.flatMap((name) => ['--import', name])];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, join(folder, file)], {
    cwd: folder,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

test('an application imports the source, with the compiler at hand', { skip: needsRoot }, () => {
  writeFileSync(join(folder, 'faulty.bpf.ts'), PROGRAM.replace('  if (!seen) return Xdp.Aborted;\n', ''));
  const text = app('./count.bpf.ts').replace(
    'console.log(JSON.stringify({ label, results }));',
    `const faulty = await import('./faulty.bpf.ts');
let fault = '';
try {
  loadDeclared(faulty.count, { config: { settings: { drop: true, port: 443 } } });
} catch (error) {
  fault = String(error);
}
console.log(JSON.stringify({ label, results, fault }));`,
  );
  writeFileSync(join(folder, 'app.ts'), text);
  const fault = `CompileError: program "count" does not compile:
  ${folder}/faulty.bpf.ts:12:3: W301: This may be null: seen. Test it first: if (!seen) return …`;
  assert.deepEqual(run('app.ts', 'tsx', '@waggle/compiler/register'), { ...EXPECTED, fault });
});

test('an application imports the built module, and needs no TypeScript', { skip: needsRoot }, async () => {
  const { files, diagnostics } = await buildModule(join(folder, 'count.bpf.ts'), { outDir: folder });
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(files, [join(folder, 'count.bpf.js')]);
  // The program has the function in it already, so that what becomes of the module does not matter.
  writeFileSync(join(folder, 'verdict.js'), 'export const verdictOf = () => 0;\n');
  writeFileSync(join(folder, 'app.js'), app('./count.bpf.js'));
  writeFileSync(
    join(folder, 'forbid.js'),
    "import { register } from 'node:module';\nregister('./forbid-hooks.js', import.meta.url);\n",
  );
  writeFileSync(
    join(folder, 'forbid-hooks.js'),
    `export const resolve = (specifier, context, next) => {
  if (specifier === 'typescript') throw new Error('typescript was imported');
  return next(specifier, context);
};
`,
  );
  assert.deepEqual(run('app.js', 'tsx', './forbid.js'), EXPECTED);
});
