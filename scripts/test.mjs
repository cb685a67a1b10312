/**
 * Runs the tests: `npm test`, or `npm test -- map btf` for the files whose path contains one of the words. Everything is built first,
 * so that nothing that runs is older than its sources; each test is in one piece with the sources that it tests.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Milliseconds after which a test, or a file, counts as hanging. */
const LONGEST = 600_000;

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

/** Labs measure times and lost packets, and some tests type-check all examples: these have the machine for themselves. */
const isAlone = (file) =>
  file.startsWith('e2e/') &&
  /NetworkNamespace|-lab\.ts|\/(demo|built-waggle|type-check)\.ts/.test(
    readFileSync(join(root, file), 'utf8'),
  );

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
    const common = ['--enable-source-maps', '--test', '--test-reporter=spec', `--test-timeout=${LONGEST}`];
    if (node([...common, ...flags, ...modules]) !== 0) {
      process.exitCode = 1;
    }
  };
  await run(files.filter(isAlone), '--test-concurrency=1');
  await run(
    files.filter((file) => !isAlone(file)),
    '--test-concurrency=2',
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
