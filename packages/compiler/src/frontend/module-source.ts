/**
 * A module as the front end is given it: its text, and the values that its top level made when it ran. Text says what a
 * program does, values say with what: structs, maps and config are objects of JavaScript, so their types need not be inferred.
 */

/** One `.bpf.ts` file, or a plain `.ts` file that it imports. */
export interface ModuleSource {
  readonly path: string;
  readonly text: string;
  /** The values of all top-level bindings and imports, after the module ran. */
  scope(): Readonly<Record<string, unknown>>;
  /** The module that an import specifier of this one leads to; undefined for packages such as `@waggle/bpf`. */
  resolve(specifier: string): ModuleSource | undefined;
}
