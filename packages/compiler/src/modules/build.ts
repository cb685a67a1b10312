/**
 * Writes `x.bpf.js` from `x.bpf.ts`: the same module without its types, in which the functions given to `xdp()`, `tc()`, …
 * are replaced by what they compile to. Maps, structs and whatever else it exports stay as they are. Who imports it
 * needs neither TypeScript nor the frontend.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Diagnostic } from '../frontend/report.ts';
import { compileModule } from './compile.ts';
import { builtText, type UsualConfigs } from './rewrite.ts';

/** Where to write. */
export interface BuildOptions {
  /** The folder for the built module; made if it is not there. Other local modules are expected to be built there too. */
  readonly outDir: string;
  /** Configs for which the code is generated now, so that who loads a program with one of them has not to wait for it. */
  readonly usual?: UsualConfigs;
}

/** What was built. */
export interface BuildResult {
  /** The files that were written: none when there are diagnostics. */
  readonly files: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Builds a module.
 * @throws WaggleError NOT_FOUND without the file, BAD_DECLARATION for a map or config that cannot be named; whatever the
 *   module throws when it runs.
 */
export async function buildModule(path: string, { outDir, usual }: BuildOptions): Promise<BuildResult> {
  const { module, programs, diagnostics } = await compileModule(path);
  if (!module || diagnostics.length > 0) return { files: [], diagnostics };
  const file = join(outDir, basename(path).replace(/\.ts$/, '.js'));
  const text = await builtText(module, programs, usual);
  mkdirSync(outDir, { recursive: true });
  writeFileSync(file, text);
  return { files: [file], diagnostics };
}
