/**
 * What modules bind at their top levels, after they ran. Nothing in the language gives that away, so a module that is to be
 * compiled runs with a line added at its end, which leaves a function here that reads all of its bindings. The table
 * hangs on the global object under a symbol, where the added line finds it without an import.
 */

/** The values of a module's top-level bindings and imports, by name. */
export type Scope = Readonly<Record<string, unknown>>;

const KEY = Symbol.for('waggle.scopes');

/** The modules that ran in this process, by their URLs. */
export function scopes(): Map<string, () => Scope> {
  const holder = globalThis as typeof globalThis & { [KEY]?: Map<string, () => Scope> };
  holder[KEY] ??= new Map();
  return holder[KEY];
}

/** The line that a module runs with: it does nothing where nobody collects scopes. */
export const registration = (names: readonly string[]): string =>
  `globalThis[Symbol.for('waggle.scopes')]?.set(import.meta.url, () => ({ ${names.join(', ')} }));`;
