/**
 * The text of a built module: that of the source, in which each function given to `xdp()`, `tc()`, … is replaced by what
 * it compiles to and by the declarations that it uses. What it compiles to is a string, which costs next to nothing where it is
 * not needed.
 */
import { isProgramDeclaration, WaggleError } from '@waggle/bpf';
import type { LoweredProgram } from '../frontend/index.ts';
import { optimize } from '../passes/index.ts';
import { DeclarationNames } from './declarations.ts';
import type { GivenConfigs } from './finish.ts';
import { generatedToJson } from './generated-code.ts';
import type { LoadedModule } from './load.ts';
import { programToJson } from './program-json.ts';
import { replaceBodies, transpile } from './transpile.ts';
import { CodeVariants } from './variants.ts';

/** Configs with which programs are usually loaded, by the names of the programs. */
export type UsualConfigs = Readonly<Record<string, readonly GivenConfigs[]>>;

/** The text of a module with these programs compiled, and with their code for usual configs. */
export async function builtText(
  module: LoadedModule,
  programs: ReadonlyMap<string, LoweredProgram>,
  usual: UsualConfigs = {},
): Promise<string> {
  const unknown = Object.keys(usual).find((name) => !programs.has(name));
  if (unknown !== undefined) {
    throw new WaggleError('NOT_FOUND', `there are usual configs for "${unknown}", but no such program`);
  }
  const names = new DeclarationNames(module);
  const replacements = new Map<string, string>();
  for (const [name, { ir, maps, configs }] of programs) {
    // What does not depend on configs is done once, here, and not whenever a process loads the program.
    const optimized = optimize(ir);
    const bindings = `{ maps: ${await properties(names, name, maps)}, configs: ${await properties(names, name, configs)} }`;
    const parts = [quoted(JSON.stringify(programToJson(name, optimized))), `() => (${bindings})`];
    const given = usual[name];
    if (given) {
      const variants = new CodeVariants(() => optimized, Object.fromEntries(configs), { most: given.length });
      for (const config of given) variants.finish(name, config);
      parts.push(quoted(generatedToJson(variants.generated(name))));
    }
    replacements.set(name, `waggle$compiled(${parts.join(', ')})`);
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

/** A string that reads best where there are many double quotes in it. */
const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

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
