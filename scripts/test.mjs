/**
 * Runs the tests: `npm test`, or `npm test -- map btf` for the files whose path contains one of the words.
 * Sources are run as they are (condition "source"), so no build is needed in between.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

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
const flags = ['--conditions=source', '--import', 'tsx', '--test', '--test-reporter=spec'];
/** Labs have the machine for themselves, as node does it on two cores; what stands beside the sources shares it. */
const runs = [
  { of: files.filter((file) => file.startsWith('e2e/')), more: [] },
  { of: files.filter((file) => !file.startsWith('e2e/')), more: ['--test-concurrency=2'] },
];
const failures = runs
  .filter(({ of }) => of.length > 0)
  .map(({ of, more }) =>
    spawnSync(process.execPath, [...flags, ...more, ...of], { cwd: root, stdio: 'inherit' }),
  )
  .filter(({ status }) => status !== 0);
process.exit(failures[0] ? (failures[0].status ?? 1) : 0);
