/** From a file to its programs in IR: runs the module, then hands each program that it declares to the frontend. */
import { existsSync, readFileSync } from 'node:fs';
import { WaggleError } from '@waggle/bpf';
import { type LoweredProgram, lowerProgram, programNames } from '../frontend/index.ts';
import type { Diagnostic } from '../frontend/report.ts';
import { parseModule } from '../frontend/typescript.ts';
import { nameFiles } from './file-names.ts';
import { type LoadedModule, loadModule } from './load.ts';

/** The programs of a module. */
export interface CompiledModule {
  /** Absent when the text is not TypeScript, and so could not run. */
  readonly module?: LoadedModule;
  /** Those that compile, by name. */
  readonly programs: ReadonlyMap<string, LoweredProgram>;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Compiles the programs that a module declares at its top level.
 * @throws WaggleError NOT_FOUND without the file; whatever the module throws when it runs.
 */
export async function compileModule(path: string): Promise<CompiledModule> {
  if (!existsSync(path)) throw new WaggleError('NOT_FOUND', `there is no file ${path}`);
  const { errors } = parseModule(path, readFileSync(path, 'utf8'));
  if (errors.length > 0) {
    const diagnostics = errors.map(({ place, message }) => ({
      code: 'W100' as const,
      message: `Syntax error: ${message}`,
      ...place,
    }));
    return { programs: new Map(), diagnostics };
  }
  const module = await loadModule(path);
  const programs = new Map<string, LoweredProgram>();
  const diagnostics: Diagnostic[] = [];
  for (const name of programNames(module)) {
    const lowered = lowerProgram(module, name);
    diagnostics.push(...lowered.diagnostics);
    if (!lowered.program) continue;
    programs.set(name, { ...lowered.program, ir: nameFiles(lowered.program.ir, module) });
  }
  return { module, programs, diagnostics };
}
