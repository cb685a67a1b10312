/**
 * The text of a built module: that of the source, in which each function given to `xdp()`, `tc()`, … is replaced by what
 * it compiles to and by the declarations that it uses.
 */
import { isProgramDeclaration, WaggleError } from '@waggle/bpf';
import type { LoweredProgram } from '../frontend/index.ts';
import { optimize } from '../passes/index.ts';
import { DeclarationNames } from './declarations.ts';
import type { LoadedModule } from './load.ts';
import { programToJson } from './program-json.ts';
import { replaceBodies, transpile } from './transpile.ts';

/** The text of a module with these programs compiled. */
export async function builtText(
  module: LoadedModule,
  programs: ReadonlyMap<string, LoweredProgram>,
): Promise<string> {
  const names = new DeclarationNames(module);
  const replacements = new Map<string, string>();
  for (const [name, { ir, maps, configs }] of programs) {
    // What does not depend on configs is done once, here, and not whenever a process loads the program.
    const code = JSON.stringify(programToJson(name, optimize(ir)));
    const bindings = `{ maps: ${await properties(names, name, maps)}, configs: ${await properties(names, name, configs)} }`;
    replacements.set(name, `waggle$compiled(${code}, () => (${bindings}))`);
  }
  const scope = module.scope();
  const { text, missing } = replaceBodies(module.text, replacements, (program, argument) => {
    const declaration = scope[program];
    return isProgramDeclaration(declaration) && declaration.body === scope[argument];
  });
  if (missing.length > 0) {
    throw new WaggleError('BAD_DECLARATION', `the function of program "${missing[0]}" was not found`, {
      hint: 'Write it in the declaration: const name = xdp((context) => { … })',
    });
  }
  const header = [`import { compiled as waggle$compiled } from '@waggle/bpf';`, ...names.imports];
  const withHeader = programs.size === 0 ? text : `${header.join('\n')}\n${text}`;
  return transpile(module.path, withHeader, { rewriteImports: true });
}

/** `{ services, "other": waggle$other }`. */
async function properties(
  names: DeclarationNames,
  program: string,
  declarations: ReadonlyMap<string, unknown>,
): Promise<string> {
  const list: string[] = [];
  for (const [name, declaration] of declarations) {
    const expression = await names.nameOf(program, name, declaration);
    list.push(expression === name ? name : `${JSON.stringify(name)}: ${expression}`);
  }
  return list.length === 0 ? '{}' : `{ ${list.join(', ')} }`;
}
