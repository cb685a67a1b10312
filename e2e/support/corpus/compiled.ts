/** The programs of the corpus, compiled; each module once, however many variants of its code are wanted. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { MapSpec } from '@waggle/bpf';
import {
  type Code,
  finishProgram,
  type GenerateOptions,
  type GivenConfigs,
  generate,
} from '@waggle/compiler';
import { compileModule } from '@waggle/compiler/modules';
import type { LoweredProgram } from '../../../packages/compiler/src/frontend/index.ts';
import { formatDiagnostic } from '../../../packages/compiler/src/frontend/index.ts';

/** Where the programs are. */
export const corpusFolder: string = fileURLToPath(new URL('../../corpus/', import.meta.url));

/** The names of all programs of the corpus. */
export const corpusNames: readonly string[] = readdirSync(corpusFolder)
  .filter((file) => file.endsWith('.bpf.ts'))
  .map((file) => file.slice(0, -'.bpf.ts'.length))
  .sort();

/** One module of the corpus. */
export interface CorpusModule {
  readonly programs: ReadonlyMap<string, LoweredProgram>;
  /** The maps of all its programs. */
  readonly maps: Readonly<Record<string, MapSpec>>;
}

/** How code is made from a program. */
export interface Variant extends Pick<GenerateOptions, 'cpu'> {
  readonly without?: readonly string[];
}

/** Compiles a module of the corpus. @throws Error with the diagnostics */
export async function corpusModule(name: string): Promise<CorpusModule> {
  const { programs, diagnostics } = await compileModule(`${corpusFolder}${name}.bpf.ts`);
  if (diagnostics.length > 0) throw new Error(diagnostics.map(formatDiagnostic).join('\n'));
  const maps = Object.fromEntries([...programs.values()].flatMap((program) => [...program.maps]));
  return { programs, maps };
}

/** The program of a module that has this name. */
export function programOf({ programs }: CorpusModule, name: string): LoweredProgram {
  const program = programs.get(name);
  if (!program) throw new Error(`there is no program "${name}"`);
  return program;
}

/** The code of a program. */
export function codeOf(
  module: CorpusModule,
  name: string,
  config: GivenConfigs = {},
  { cpu = 3, without = [] }: Variant = {},
): Code {
  const { ir, configs } = programOf(module, name);
  return generate(finishProgram(name, ir, Object.fromEntries(configs), { config, without }), { cpu });
}
