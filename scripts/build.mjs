/**
 * Builds everything: `tsc -b`, then the programs of the packages, each `.bpf.ts` into the module that tsc has made of it, then the
 * command in one piece. Where there is `x.usual.ts` beside `x.bpf.ts`, it says for which configs code is generated here already.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { bundleCommand } from './bundle.mjs';

const root = new URL('..', import.meta.url).pathname;
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const { status } = spawnSync(process.execPath, [tsc, '-b'], { cwd: root, stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);

// Only now is the compiler there.
const { buildModule } = await import('@waggle/compiler/modules');
const programs = readdirSync(join(root, 'packages'), { recursive: true })
  .filter((file) => /^[^/]+\/src\/(?!(.*\/)?testing\/).*\.bpf\.ts$/.test(file))
  .map((file) => join(root, 'packages', file));
for (const file of programs) {
  const outDir = dirname(file).replace(/\/src(?=\/|$)/, '/dist');
  const configs = join(outDir, basename(file).replace(/bpf\.ts$/, 'usual.js'));
  const usual = existsSync(configs) ? (await import(configs)).usual : {};
  const { diagnostics } = await buildModule(file, { outDir, usual });
  for (const { code, message, line, column } of diagnostics) {
    console.error(`${file}:${line}:${column}: ${code}: ${message}`);
    process.exitCode = 1;
  }
}
await bundleCommand();
