/** Builds everything: `tsc -b`, then the programs of the packages, then the command in one piece. What is built already stays. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { bundleCommand } from './bundle.mjs';

const root = new URL('..', import.meta.url).pathname;
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const { status } = spawnSync(process.execPath, [tsc, '-b'], { cwd: root, stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);

// Only now is the compiler there.
const { buildPrograms } = await import('./programs.mjs');
const wrong = await buildPrograms();
await bundleCommand();
if (wrong > 0) process.exitCode = 1;
