/** Modules made of text and values, for tests that need no files. */
import * as bpf from '@waggle/bpf';
import type { ModuleSource } from '../module-source.ts';

/**
 * A module of that text whose scope has the given values and everything of `@waggle/bpf`; `modules` are those that it
 * imports, by specifier.
 */
export function moduleOf(
  text: string,
  scope: Readonly<Record<string, unknown>> = {},
  modules: Readonly<Record<string, ModuleSource>> = {},
  path = 'test.bpf.ts',
): ModuleSource {
  const values = { ...bpf, ...scope };
  return { path, text, scope: () => values, resolve: (specifier) => modules[specifier] };
}

/** A module with one XDP program of that body, after `before`. */
export function programOf(
  body: string,
  scope: Readonly<Record<string, unknown>> = {},
  before = '',
): ModuleSource {
  const text = `${before}\nexport const program = xdp((ctx) => {\n${body}\n});`;
  return moduleOf(text, { program: bpf.xdp(() => bpf.Xdp.Pass), ...scope });
}
