/** Processes of their own, for what must not share a heap or an event loop with the benchmark. */
import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const bench = fileURLToPath(new URL('..', import.meta.url));

/** Runs a TypeScript file of this folder with the collector within reach; what it printed. */
export async function runScript(name: string, values: readonly (string | number)[]): Promise<string> {
  const file = fileURLToPath(new URL(name, import.meta.url));
  // A young generation of fixed size: else the memory of the process shows how far V8 let that grow, not
  // what is held.
  const flags = ['--expose-gc', '--max-semi-space-size=1', ...process.execArgv];
  const args = [...flags, file, ...values.map(String)];
  const { stdout } = await run(process.execPath, args, { encoding: 'utf8' });
  return stdout;
}

/** Runs a line of JavaScript in a plain Node, without the loader that reads TypeScript; what it printed. */
export function runPlain(source: string): string {
  const args = ['--input-type=module', '--eval', source];
  return execFileSync(process.execPath, args, { cwd: bench, encoding: 'utf8' });
}
