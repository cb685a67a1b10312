/**
 * What Node's module loader does with local TypeScript: it takes the types out and adds the line that leaves the module's
 * scope behind (scopes.ts). Where another loader such as tsx is at work, plain `.ts` files stay its business, and only
 * the line is added; `.bpf.ts` files and modules that run to be compiled are always ours. Node runs this file in the
 * loader's own thread (node:module, "Customization hooks").
 */
import { readFile } from 'node:fs/promises';
import type { InitializeHook, LoadHook, ResolveHook } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isLocalTypeScript, isRun, resolveLocal } from './resolve.ts';
import { registration } from './scopes.ts';
import { topLevelNames, transpile } from './transpile.ts';

/** Which modules the hooks are for. */
export interface HookOptions {
  /** All local TypeScript modules, not only those that run to be compiled. */
  readonly everything: boolean;
}

let everything = false;
/** The URLs of TypeScript modules that a loader after us knows how to load. */
const loadedByOthers = new Set<string>();

export const initialize: InitializeHook<HookOptions | undefined> = (options) => {
  everything ||= options?.everything ?? false;
};

const concernsUs = (url: string): boolean => isLocalTypeScript(url) && (everything || isRun(url));
const isOurs = (url: string): boolean =>
  concernsUs(url) && (isRun(url) || new URL(url).pathname.endsWith('.bpf.ts'));

export const resolve: ResolveHook = async (specifier, context, nextResolve) => {
  const local = resolveLocal(specifier, context.parentURL ?? 'file:///');
  const found = local !== undefined && concernsUs(local);
  if (found && isOurs(local)) return { url: local, format: 'module', shortCircuit: true };
  try {
    const resolved = await nextResolve(specifier, context);
    // Node itself has no format for TypeScript (before 22), or one of its own.
    if (resolved.format === 'module') loadedByOthers.add(resolved.url);
    return resolved;
  } catch (error) {
    if (!found) throw error;
    return { url: local, format: 'module', shortCircuit: true };
  }
};

export const load: LoadHook = async (url, context, nextLoad) => {
  if (!concernsUs(url)) return nextLoad(url, context);
  if (!isOurs(url) && loadedByOthers.has(url)) {
    const loaded = await nextLoad(url, context);
    if (loaded.format !== 'module' || loaded.source === undefined || loaded.source === null) return loaded;
    const { source } = loaded;
    return { ...loaded, source: withRegistration(typeof source === 'string' ? source : decode(source)) };
  }
  const path = fileURLToPath(url);
  const javaScript = transpile(path, await readFile(path, 'utf8'), { sourceMap: true });
  return { format: 'module', source: withRegistration(javaScript), shortCircuit: true };
};

const decode = (source: ArrayBuffer | NodeJS.TypedArray): string => new TextDecoder().decode(source);

const withRegistration = (javaScript: string): string =>
  `${javaScript}\n${registration(topLevelNames(javaScript))}\n`;
