/**
 * Runs the tests: `npm test`, or `npm test -- map btf` for the files whose path contains one of the words. Everything is built first,
 * so that nothing that runs is older than its sources; each test is in one piece with the sources that it tests.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const words = process.argv.slice(2);
const files = ['packages', 'e2e']
  .flatMap((folder) => readdirSync(root + folder, { recursive: true }).map((file) => `${folder}/${file}`))
  .filter((file) => file.endsWith('.test.ts') && !/(^|\/)(node_modules|dist)\//.test(file))
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .sort();
if (files.length === 0) {
  console.error(`no test file matches ${words.join(' ')}`);
  process.exit(1);
}

const node = (args) => spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
if (node(['scripts/build.mjs']) !== 0) process.exit(1);

const cache = join(root, 'node_modules/.cache/waggle');
const folder = join(cache, `tests-${process.pid}`);
// What is there of runs that were interrupted.
for (const name of readdirSync(cache)) {
  const [, pid] = /^tests-(\d+)$/.exec(name) ?? [];
  if (pid && !existsSync(`/proc/${pid}`)) rmSync(join(cache, name), { recursive: true });
}
try {
  // Only now is the compiler there.
  const { bundleTests } = await import('./test-bundles.mjs');
  const run = async (tests, ...flags) => {
    if (tests.length === 0) return;
    const modules = await bundleTests(tests, folder);
    if (node(['--enable-source-maps', '--test', '--test-reporter=spec', ...flags, ...modules]) !== 0) {
      process.exitCode = 1;
    }
  };
  // Labs have the machine for themselves, as node does it on two cores; what stands beside the sources shares it.
  await run(files.filter((file) => file.startsWith('e2e/')));
  await run(
    files.filter((file) => !file.startsWith('e2e/')),
    '--test-concurrency=2',
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
