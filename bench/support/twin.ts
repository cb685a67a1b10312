/**
 * The C programs that benchmarks compare with (bench/c). Each is compiled when it is needed, and run once
 * for each round; process start is not in its figures, because it takes the time itself.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What a twin reports: nanoseconds for one operation, the operations, and a sum over all that it read. */
export interface TwinResult {
  readonly nanoseconds: number;
  readonly count: number;
  readonly checksum: number;
}

/** Runs a twin once. */
export type Twin = (...values: readonly (string | number)[]) => TwinResult;

export const NO_COMPILER = 'There is no C compiler (cc), so there is nothing to compare with.';

const folder = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));

/** Compiles a twin; undefined without a C compiler. */
export function compileTwin(name: string): Twin | undefined {
  const binary = compileTool(name);
  if (binary === undefined) return undefined;
  return (...values) => JSON.parse(execFileSync(binary, values.map(String), { encoding: 'utf8' }));
}

/** Compiles a program of bench/c. @returns where it is; undefined without a C compiler. */
export function compileTool(name: string): string | undefined {
  const binary = `${folder('.build')}/${name}`;
  mkdirSync(folder('.build'), { recursive: true });
  const { error, status, stderr } = spawnSync('cc', [
    '-O2',
    '-Wall',
    '-o',
    binary,
    `${folder('c')}/${name}.c`,
  ]);
  if (error) return undefined;
  if (status !== 0) throw new Error(`cc refused bench/c/${name}.c:\n${stderr}`);
  return binary;
}

/** Both sides must have read the same, or the comparison means nothing. */
export function assertSame(ours: number, twin: number): void {
  if (ours !== twin) throw new Error(`what waggle read adds up to ${ours}, for C to ${twin}`);
}
