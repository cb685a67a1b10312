/**
 * Which file an import means, for local modules in TypeScript: `./hash.ts`, and `./hash.js` where only `hash.ts` is there, as
 * `tsc` has it. Everything else is left to Node. A module that runs to be compiled has a number in its URL, which the
 * local modules that it imports get too: so they are instances of their own, apart from those that the process uses.
 */
import { existsSync } from 'node:fs';

/** The parameter of a URL that tells the instances of a module apart. */
export const RUN = 'waggle';

/** Whether a URL is that of a TypeScript file that is no part of an installed package. */
export function isLocalTypeScript(url: string): boolean {
  if (!url.startsWith('file:')) return false;
  const { pathname } = new URL(url);
  return pathname.endsWith('.ts') && !pathname.endsWith('.d.ts') && !pathname.includes('/node_modules/');
}

/** Whether a URL is that of a module that runs to be compiled. */
export const isRun = (url: string): boolean => url.startsWith('file:') && new URL(url).searchParams.has(RUN);

/**
 * The URL of the local TypeScript module that an import leads to, or undefined when it leads to something else or
 * nowhere. `parent` is the URL of the module that imports.
 */
export function resolveLocal(specifier: string, parent: string): string | undefined {
  if (!/^(\.{1,2}\/|file:)/.test(specifier)) return undefined;
  const url = new URL(specifier, parent);
  if (url.pathname.endsWith('.js') && !existsSync(url)) url.pathname = url.pathname.replace(/\.js$/, '.ts');
  if (!isLocalTypeScript(url.href) || !existsSync(url)) return undefined;
  const run = parent.startsWith('file:') ? new URL(parent).searchParams.get(RUN) : null;
  if (run !== null && !url.searchParams.has(RUN)) url.searchParams.set(RUN, run);
  return url.href;
}
