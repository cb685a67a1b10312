/**
 * Compiles programs when they are loaded instead of when they are built, for development. A declaration does not know its
 * module; the scopes of the modules that ran do.
 */
import { type CompiledBindings, type CompiledBody, compiled, type ProgramDeclaration } from '@waggle/bpf';
import type { LoweredProgram } from '../frontend/index.ts';
import { lowerProgram, programNames } from '../frontend/index.ts';
import { CompileError } from './compile-error.ts';
import { nameFiles } from './file-names.ts';
import { type LoadedModule, moduleAt } from './load.ts';
import { programToJson } from './program-json.ts';
import { scopes } from './scopes.ts';

const bodies = new WeakMap<ProgramDeclaration, CompiledBody>();

/**
 * The compiled body of a program that is declared in a module which ran with the hooks in place; undefined for others.
 * @throws CompileError with the diagnostics of a program that does not compile.
 */
export function compileDeclaration(declaration: ProgramDeclaration): CompiledBody | undefined {
  const known = bodies.get(declaration);
  if (known) return known;
  const place = findDeclaration(declaration);
  if (!place) return undefined;
  const { program, diagnostics } = lowerProgram(place.module, place.name);
  if (!program || diagnostics.length > 0) throw new CompileError(place.name, diagnostics);
  const body = compiled(programToJson(place.name, nameFiles(program.ir, place.module)), () =>
    bindingsOf(program),
  );
  bodies.set(declaration, body);
  return body;
}

/** The declarations that a program uses, by the names that its code has for them. */
export const bindingsOf = ({ maps, configs }: LoweredProgram): CompiledBindings => ({
  maps: Object.fromEntries(maps),
  configs: Object.fromEntries(configs),
});

function findDeclaration(
  declaration: ProgramDeclaration,
): { readonly module: LoadedModule; readonly name: string } | undefined {
  for (const [url, read] of scopes()) {
    const scope = read();
    const name = Object.keys(scope).find((candidate) => scope[candidate] === declaration);
    if (name === undefined) continue;
    const module = moduleAt(url);
    // A module that imports the program has it in its scope too.
    if (programNames(module).includes(name)) return { module, name };
  }
  return undefined;
}
