/**
 * Runs the benchmarks of bench/, all or those named on the command line, one process each, against the
 * built packages: what users install is what is measured. A missed goal is reported, but is no failure: the
 * machine may be busy.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import * as os from 'node:os';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const SUFFIX = '.bench.ts';
/** Exit code of a benchmark that ran and missed a goal (bench/support/benchmark.ts). */
const MISSED = 2;

const known = readdirSync(`${root}/bench`)
  .filter((file) => file.endsWith(SUFFIX))
  .map((file) => file.slice(0, -SUFFIX.length))
  .sort();
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}. There are: ${known.join(', ')}`);
  process.exit(1);
}

const node = (args) => spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status;

if (node(['scripts/build.mjs']) !== 0) process.exit(1);

const cpus = os.cpus();
const load = os.loadavg()[0].toFixed(1);
console.log(`${cpus[0]?.model.trim()}, ${cpus.length} CPUs, load ${load}`);
console.log(`Linux ${os.release()}, Node ${process.version}\n`);

const outcomes = (wanted.length > 0 ? wanted : known).map((name) => ({
  name,
  status: node(['--import', 'tsx', `bench/${name}${SUFFIX}`]),
}));
const names = (selected) => selected.map(({ name }) => name).join(', ');
const missed = outcomes.filter(({ status }) => status === MISSED);
const failed = outcomes.filter(({ status }) => status !== MISSED && status !== 0);
if (missed.length > 0) {
  console.log(`Goals missed in: ${names(missed)}. On a machine that does other work too, try again.`);
}
if (failed.length > 0) {
  console.error(`Failed: ${names(failed)}`);
  process.exitCode = 1;
}
