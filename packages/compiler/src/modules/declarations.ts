/**
 * What a built module calls the maps and configs that its programs use. Most are in the scope of the module, under some
 * name; those that only an imported function knows are imported from the module that exports them.
 */
import { dirname, relative, sep } from 'node:path';
import { WaggleError } from '@waggle/bpf';
import { parseModule } from '../frontend/typescript.ts';
import type { LoadedModule } from './load.ts';

/** Names for declarations in a built module. */
export class DeclarationNames {
  readonly #module: LoadedModule;
  readonly #imports = new Map<string, string>();

  constructor(module: LoadedModule) {
    this.#module = module;
  }

  /** The imports that {@link nameOf} has found necessary. */
  get imports(): readonly string[] {
    return [...this.#imports.values()];
  }

  /**
   * The expression for a declaration; `name` is what the program calls it.
   * @throws WaggleError BAD_DECLARATION when no module gives it away.
   */
  async nameOf(program: string, name: string, declaration: unknown): Promise<string> {
    const scope = this.#module.scope();
    if (scope[name] === declaration) return name;
    const local = Object.keys(scope).find((candidate) => scope[candidate] === declaration);
    if (local !== undefined) return local;
    for (const module of reachable(this.#module)) {
      const exports: Readonly<Record<string, unknown>> = await import(module.url);
      const exported = Object.keys(exports).find((candidate) => exports[candidate] === declaration);
      if (exported === undefined) continue;
      const alias = `waggle$${exported}`;
      const from = JSON.stringify(specifierOf(this.#module, module));
      this.#imports.set(alias, `import { ${exported} as ${alias} } from ${from};`);
      return alias;
    }
    throw new WaggleError(
      'BAD_DECLARATION',
      `program "${program}" uses "${name}", which no module exports, so the built module cannot name it`,
      { hint: `Export "${name}" from the module that declares it` },
    );
  }
}

/** How one local module imports another. */
export function specifierOf(from: LoadedModule, to: LoadedModule): string {
  const path = relative(dirname(from.path), to.path).split(sep).join('/');
  return path.startsWith('.') ? path : `./${path}`;
}

/** The local modules that a module imports, and those that they import. */
function* reachable(start: LoadedModule): Generator<LoadedModule, undefined> {
  const seen = new Set([start]);
  for (const module of seen) {
    if (module !== start) yield module;
    const { imports, reexports, reexportsAll } = parseModule(module.path, module.text);
    const specifiers = [...imports.values(), ...reexports.values()].map(({ specifier }) => specifier);
    for (const specifier of [...specifiers, ...reexportsAll]) {
      const next = module.resolve(specifier);
      if (next) seen.add(next);
    }
  }
}
