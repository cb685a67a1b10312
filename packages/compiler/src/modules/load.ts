/**
 * Runs modules in order to compile them: their top levels are ordinary TypeScript, which Node executes; what the frontend
 * gets is the text of a module and the values that its names have after that.
 */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { register } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { WaggleError } from '@waggle/bpf';
import type { ModuleSource } from '../frontend/module-source.ts';
import type { HookOptions } from './hooks.ts';
import { RUN, resolveLocal } from './resolve.ts';
import { type Scope, scopes } from './scopes.ts';

/** A module that Node has loaded. */
export class LoadedModule implements ModuleSource {
  readonly url: string;
  readonly path: string;
  #text: string | undefined;

  constructor(url: string) {
    this.url = url;
    this.path = fileURLToPath(url);
  }

  get text(): string {
    this.#text ??= readFileSync(this.path, 'utf8');
    return this.#text;
  }

  /** Empty for a module that did not run, because only its types are imported. */
  scope(): Scope {
    return scopes().get(this.url)?.() ?? {};
  }

  resolve(specifier: string): LoadedModule | undefined {
    const url = resolveLocal(specifier, this.url);
    return url === undefined ? undefined : moduleAt(url);
  }
}

const modules = new Map<string, LoadedModule>();

/** The module of a URL, the same object each time. */
export function moduleAt(url: string): LoadedModule {
  const module = modules.get(url) ?? new LoadedModule(url);
  modules.set(url, module);
  return module;
}

let registered = false;

/** Puts the hooks into Node's module loader, where they stay. */
export function registerHooks(options: HookOptions): void {
  if (registered && !options.everything) return;
  registered = true;
  // The table has to be there before the first module looks for it.
  scopes();
  const hooks = new URL(`./hooks${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);
  register(hooks, { data: options });
}

let runs = 0;

/**
 * Runs a module, and the local modules that it imports, apart from any instance of them that this process uses already.
 * @param path a TypeScript file.
 * @throws WaggleError NOT_FOUND when there is no such file; SyntaxError; what the module itself throws.
 */
export async function loadModule(path: string): Promise<LoadedModule> {
  if (!existsSync(path)) throw new WaggleError('NOT_FOUND', `there is no file ${path}`);
  registerHooks({ everything: false });
  const url = pathToFileURL(realpathSync(path));
  url.searchParams.set(RUN, String(++runs));
  if (resolveLocal(url.href, url.href) === undefined) {
    throw new WaggleError('INVALID', `${path} is no TypeScript module that can be compiled`, {
      hint: 'Its name has to end in .ts, and it cannot be part of an installed package',
    });
  }
  await import(url.href);
  return moduleAt(url.href);
}
